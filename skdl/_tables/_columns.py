"""What each column of a table is: numbers, or categories in sorted order."""

from dataclasses import dataclass

import numpy as np

from skdl._tables._chosen import chosen_columns
from skdl._tables._frames import as_matrix, columns_of, is_frame, labels_of
from skdl._tables._reading import Where, read_series, read_values, refuse_infinity


@dataclass(eq=False)
class TableColumns:
    """Columns of numbers and columns of categories, as ``fit`` saw them.

    Parameters
    ----------
    names : ndarray of str of shape (n_features,) or None
        Names of the columns; None for arrays, and frames without names of text.
    categories : list of length n_features
        None for a column of numbers. Else the sorted categories, without missing
        values: objects of type str, or float64, where booleans are 0 and 1.
    declared : ndarray of bool of shape (n_features,)
        True for columns whose categories are those of pandas' ``category`` dtype, also
        those that did not occur.
    empty : ndarray of bool of shape (n_features,)
        True for columns without any value. Nothing is known about them, so whatever
        they hold later counts as missing, or as unseen if they hold categories.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [30, None], "colour": ["red", "blue"]})
    >>> columns = TableColumns.fit(X)
    >>> columns.transform(X)
    array([[30.,  1.],
           [nan,  0.]])
    """

    names: np.ndarray | None
    categories: list
    declared: np.ndarray
    empty: np.ndarray

    @classmethod
    def fit(cls, X, categorical_features="from_dtype", *, name="X"):
        """Find out what each column is, and its categories.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_features)
            A frame of pandas, Polars or Arrow; or an array, whose columns of objects
            or text are looked at one by one. Text in an array counts as numbers if all
            of its column reads as numbers, as in scikit-learn, unless the column is
            named as categorical; in a frame it does not.
        categorical_features : "from_dtype", None or array-like, default="from_dtype"
            Which columns are categorical:

            - "from_dtype": those of a frame that are of pandas' ``category`` dtype or
              hold text or booleans; those of an array that hold text;
            - None: none of them;
            - bool, int or str: a mask, column numbers, or names of a frame's columns.
              Numbers in these columns become categories.
        name : str, default="X"
            The argument's name, for the message.

        Returns
        -------
        TableColumns
            Plain data, without a reference to X.

        Raises
        ------
        ValueError
            For dates, infinity, complex numbers, text beside numbers, and text that is
            not categorical.
        TypeError
            For values that are neither text nor numbers.
        """
        return cls.fit_transform(X, categorical_features, name=name)[0]

    @classmethod
    def fit_transform(cls, X, categorical_features="from_dtype", *, name="X"):
        """The same as `fit` and `transform`, reading X once.

        Parameters
        ----------
        X, categorical_features, name
            As in `fit`.

        Returns
        -------
        columns : TableColumns
            What each column is.
        codes : ndarray of shape (n_rows, n_features)
            X as `transform` returns it.
        """
        labels = labels_of(X) if is_frame(X) else None
        named = bool(labels) and all(isinstance(label, str) for label in labels)
        names = np.array(labels, dtype=object) if named else None
        n_features = X.shape[1]
        nowhere = np.zeros(n_features, dtype=bool)
        columns = cls(names, [None] * n_features, nowhere.copy(), nowhere)
        from_dtype = (
            isinstance(categorical_features, str)
            and categorical_features == "from_dtype"
        )
        chosen = np.zeros(n_features, dtype=bool)
        if not from_dtype:
            chosen = chosen_columns(categorical_features, n_features, labels)

        def find(i, column, where):
            if chosen[i] or (from_dtype and column.categorical):
                columns.categories[i] = _categories(column)
                columns.declared[i] = column.known is not None
            elif column.texts is not None:
                raise ValueError(
                    f"{where} holds text, for example {column.texts[0]!r}, but "
                    "categorical_features does not make it categorical. Add the column "
                    "there, use categorical_features='from_dtype', or drop it."
                )

        codes = columns._read(X, name, chosen, ~chosen, find)
        columns.empty = _without_values(codes)
        return columns, codes

    def transform(self, X, name="X"):
        """Numbers as they are, categories as codes.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_features)
            Rows.
        name : str, default="X"
            The argument's name, for the message.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
            float64. NaN where a value is missing; the place among the sorted categories
            from 0; -1 for a category that `fit` did not know. X itself if it is that
            already.

        Raises
        ------
        ValueError
            As in `fit`, and for text in a column that held numbers or numbers in one
            that held text. One without any value held neither.
        TypeError
            For values that are neither text nor numbers.
        """
        parse = [c is None or c.dtype != object for c in self.categories]
        return self._read(X, name, self.is_categorical, parse, lambda *_: None)

    @property
    def is_categorical(self):
        """Which columns hold categories, an ndarray of bool."""
        return np.array([c is not None for c in self.categories], dtype=bool)

    def label(self, column):
        """A column for messages.

        Parameters
        ----------
        column : int
            Its number.

        Returns
        -------
        str
            The name in quotes, or the number.
        """
        return str(column) if self.names is None else repr(self.names[column])

    def feature_name(self, column):
        """A column, as scikit-learn names it.

        Parameters
        ----------
        column : int
            Its number.

        Returns
        -------
        str
            Such as "age", or "x0" for columns without names.
        """
        return f"x{column}" if self.names is None else self.names[column]

    def category_name(self, column, category):
        """One category of a column.

        Parameters
        ----------
        column : int
            The number of the column.
        category : int
            Its place among the categories; the one after the last is missing values.

        Returns
        -------
        str
            Such as "colour=red", "size=2" or "colour_missing".
        """
        known = self.categories[column]
        if category == len(known):
            return f"{self.feature_name(column)}_missing"
        value = str(known[category]).removesuffix(".0")
        return f"{self.feature_name(column)}={value}"

    def _read(self, X, name, categorical, parse, find):
        """Code X.

        Of an array of numbers only the `categorical` and `empty` columns are looked at,
        otherwise all of them. `find` is called with each, and may set its categories.
        `parse` says in which columns of an array text that reads as numbers is numbers.
        """

        def where(i):
            return Where(self.label(i), name)

        frame = is_frame(X)
        matrix = as_matrix(X) if frame else X
        if matrix is not None and matrix.dtype.kind in "biuf":
            with np.errstate(over="ignore"):  # long doubles
                wanted = categorical | self.empty
                codes = matrix.astype(np.float64, copy=wanted.any())
            refuse_infinity(codes, where)
            columns = (
                (i, read_values(matrix[:, i], where(i), parse=True))
                for i in np.flatnonzero(wanted)
            )
        elif frame:
            codes = np.empty(X.shape)
            columns = (
                (i, read_series(series, where(i)))
                for i, series in enumerate(columns_of(X))
            )
        else:
            codes = np.empty(X.shape)
            columns = (
                (i, read_values(values, where(i), parse=parse[i]))
                for i, values in enumerate(X.T)
            )
        for i, column in columns:
            if column.numbers is not None:
                refuse_infinity(column.numbers[:, None], lambda _, i=i: where(i))
            find(i, column, where(i))
            if self.empty[i]:
                unknown = -1.0 if categorical[i] else np.nan
                codes[:, i] = np.where(column.missing, np.nan, unknown)
            else:
                codes[:, i] = _codes(column, self.categories[i], where(i))
        return codes


def _without_values(codes):
    """Which columns are missing in all rows, an ndarray of bool."""
    empty = np.isnan(codes[:1]).all(axis=0)  # hardly any, of which the rest is read
    for i in np.flatnonzero(empty):
        empty[i] = np.isnan(codes[:, i]).all()
    return empty


def _categories(column):
    """The sorted categories of a column."""
    column = column if column.known is None else column.known
    if column.texts is not None:
        return np.array(sorted(column.texts), dtype=object)
    return np.unique(column.numbers[~np.isnan(column.numbers)])


def _codes(column, categories, where):
    """A column as numbers: itself, or places among the categories."""
    if column.texts is not None:
        return _codes_of_text(column, categories, where)
    if categories is None:
        return column.numbers
    missing = column.missing
    codes = np.where(missing, np.nan, -1.0)
    if missing.all():
        return codes
    if categories.dtype == object:
        raise ValueError(
            f"{where} held text in fit, but holds numbers now, for example "
            f"{column.numbers[~missing][0]:g}. Turn it into text first, for example "
            "with astype(str)."
        )
    place = np.searchsorted(categories, column.numbers)
    place = np.minimum(place, len(categories) - 1)
    known = categories[place] == column.numbers
    codes[known] = place[known]
    return codes


def _codes_of_text(column, categories, where):
    if categories is None or categories.dtype != object:
        raise ValueError(
            f"{where} held numbers in fit, but holds text now, for example "
            f"{column.texts[0]!r}. Give numbers, and NaN for missing values; or name "
            "it in categorical_features, if its text reads as numbers in some rows."
        )
    place = {category: i for i, category in enumerate(categories)}
    codes = [place.get(text, -1) for text in column.texts]
    return np.array([*codes, np.nan])[column.index]
