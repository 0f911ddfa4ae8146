"""Tables as the network takes them: scaled numbers, indicators, codes of categories."""

from dataclasses import dataclass

import numpy as np

from skdl._inputs import row_blocks
from skdl._tables._categories import encode_categories, rounded_up
from skdl._tables._columns import TableColumns
from skdl._tables._scaling import Scaling
from skdl._validation import first_place

_BYTES = 2**22  # of codes encoded at a time, so that no second copy of them is made
PERIODIC_ABOVE = 10  # distinct values; fewer are more like categories


@dataclass(eq=False)
class TableInputs:
    """The way from the codes of a table to what the network is given.

    The encoded columns are, in this order: scaled numbers; an indicator of 0 and 1 for
    each column of numbers that had missing values in training; categories of columns
    with few of them, as -1 and 1 (two) or one-hot (more); last, the codes of columns
    with many, from 0, as floats.

    Other training rows of one table, such as other folds, should need the same network,
    since each other one is traced anew. So the vectors of a column are a few more than
    its codes, and a column of pandas' ``category`` dtype is laid out by the categories
    of its dtype, see `encode_categories`.

    Parameters
    ----------
    columns : TableColumns
        What the columns of the table are.
    scaling : Scaling
        Of the numbers.
    gaps : ndarray of int
        Which of the numbers have an indicator.
    categories : list of Encoding
        Of the columns of categories, learned ones last.
    cardinalities : tuple of int
        Learned vectors of each learned column: its codes, rounded up to one of 16, 24,
        32, 48, 64, 96, ... The vectors beyond its codes are never read. Code 0 stands
        for unseen categories and for rare ones, that is those of a single row.
    names : list of str
        Of the encoded columns, such as "age", "age_missing", "colour=red", "city".
    periodic : tuple of int
        Encoded columns that are numbers of many distinct values.
    dtype : str
        The network's dtype.

    Examples
    --------
    >>> X = np.array([[30.0, "red"], [np.nan, "blue"], [50.0, "red"]], dtype=object)
    >>> columns = TableColumns.fit(X)
    >>> codes = columns.transform(X)
    >>> inputs = TableInputs.fit(
    ...     codes, np.ones(3), columns, scaling="robust", dtype="float32"
    ... )
    >>> inputs.names
    ['x0', 'x0_missing', 'x1=red']
    >>> inputs.transform(codes)
    array([[ 0.  ,  0.  ,  1.  ],
           [ 0.  ,  1.  , -1.  ],
           [ 0.95,  0.  ,  1.  ]], dtype=float32)
    """

    columns: TableColumns
    scaling: Scaling
    gaps: np.ndarray
    categories: list
    cardinalities: tuple
    names: list
    periodic: tuple
    dtype: str

    @classmethod
    def fit(
        cls,
        codes,
        weight,
        columns,
        *,
        scaling,
        dtype,
        max_one_hot=8,
        periodic=False,
    ):
        """Learn scales, and which categories occur how often.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_features)
            Training rows, as `TableColumns.transform` returns them.
        weight : ndarray of shape (n_rows,)
            Row weights. They count for the scales; a row of weight zero is no row.
        columns : TableColumns
            What the columns are.
        scaling : {"robust", "standard", None}
            How numbers are scaled, see `Scaling`.
        dtype : str
            The network's dtype.
        max_one_hot : int, default=8
            A column of at most as many categories is one-hot, one of more is learned.
            Missing values count as a category if there are any.
        periodic : bool, default=False
            Whether `periodic` lists the columns of more than 10 distinct numbers.

        Returns
        -------
        TableInputs
            Ready to transform.

        Raises
        ------
        ValueError
            If numbers are too large to scale.
        """
        if not weight.all():
            codes, weight = codes[weight > 0], weight[weight > 0]
        numbers = np.flatnonzero(~columns.is_categorical)
        scaling = Scaling.fit(codes, weight, numbers, columns, scaling)
        gaps = np.flatnonzero(scaling.n_missing)
        few, many = encode_categories(codes, columns, max_one_hot)
        names = [columns.feature_name(i) for i in numbers]
        names += [f"{names[i]}_missing" for i in gaps]
        names += [name for encoding in few + many for name in encoding.names]
        many_valued = np.flatnonzero(scaling.n_distinct > PERIODIC_ABOVE)
        return cls(
            columns,
            scaling,
            gaps,
            few + many,
            tuple(rounded_up(int(encoding.table.max()) + 1) for encoding in many),
            names,
            tuple(many_valued.tolist()) if periodic else (),
            dtype,
        )

    @property
    def n_encoded(self):
        """How many columns the network is given."""
        return len(self.names)

    @property
    def shape(self):
        """Shape of one encoded row, ``(n_encoded,)``."""
        return (self.n_encoded,)

    def transform(self, codes):
        """Encode rows.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_features)
            As `TableColumns.transform` returns them.

        Returns
        -------
        ndarray of shape (n_rows, n_encoded)
            Of the network's dtype, finite.

        Raises
        ------
        ValueError
            If a number is too large for the dtype.
        """
        result = np.empty((len(codes), self.n_encoded), self.dtype)
        n_numbers = len(self.scaling.columns)
        for rows in row_blocks(codes, _BYTES):
            block, encoded = codes[rows], result[rows]
            numbers = block[:, self.scaling.columns]
            with np.errstate(over="ignore"):
                encoded[:, :n_numbers] = self.scaling.transform(numbers)
            end = n_numbers + len(self.gaps)
            encoded[:, n_numbers:end] = np.isnan(numbers[:, self.gaps])
            for encoding in self.categories:
                start, end = end, end + encoding.table.shape[1]
                encoded[:, start:end] = encoding.transform(block)
        self._refuse_overflow(codes, result[:, :n_numbers])
        return result

    def dtype_of(self, X):
        """The dtype that `transform` gives any rows."""
        return self.dtype

    def state(self):
        """What the network has to know of these inputs: nothing."""
        return {}

    def layers(self):
        """Layers of Keras before the network: none, it takes encoded rows.

        Returns
        -------
        list of keras.Layer
            Empty.
        """
        return []

    def _refuse_overflow(self, codes, numbers):
        place = first_place(lambda values: ~np.isfinite(values), numbers)
        if place is None:
            return
        row, column = place[0], self.scaling.columns[place[1]]
        raise ValueError(
            f"X[{row}, {self.columns.label(column)}]={codes[row, column]:.3g} is too "
            f"large for {self.dtype}. Rescale X, or use dtype='float64'."
        )
