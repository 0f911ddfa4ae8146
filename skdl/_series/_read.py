"""One series of a user: its numbers, its labels, and the form of an answer."""

from dataclasses import dataclass, replace

import numpy as np

from skdl._series._index import check_same_kind, checked_index, continued, told
from skdl._series._numbers import (
    as_numbers,
    counted,
    has_labels,
    in_order,
    refuse_gaps,
)


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """A checked series.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Observations, float64.
    index : pandas.Index
        Their labels; positions if the user gave none.
    freq : object
        The step between labels.
    names : pandas.Index or None
        Names of columns of a DataFrame.
    title : object
        Name of a Series.
    labelled : bool
        Whether the labels are the user's.
    one_column : bool
        Whether the user gave one axis.
    """

    values: np.ndarray
    index: object
    freq: object
    names: object = None
    title: object = None
    labelled: bool = False
    one_column: bool = True

    def __len__(self):
        return len(self.values)

    @classmethod
    def read(cls, series, argument="series", like=None):
        """Check what the user gave.

        Parameters
        ----------
        series : array-like, Series or DataFrame of shape (n,) or (n, n_columns)
            Observations in the order of time.
        argument : str, default="series"
            The argument's name, for the message.
        like : TimeSeries or None, default=None
            A series of before, whose columns and steps these must be.

        Returns
        -------
        TimeSeries
            With numbers of its own.

        Raises
        ------
        ValueError
            For text, gaps, wrong shapes, and labels that are not in order.
        """
        labelled = has_labels(series)
        if like is not None:
            series = in_order(series, like.names, argument)
        names = getattr(series, "columns", None) if labelled else None
        values = as_numbers(series, argument)
        one_column = values.ndim == 1
        if values.ndim == 1:
            values = values[:, np.newaxis]
        if like is not None and values.shape[1] != like.values.shape[1]:
            raise ValueError(
                f"{argument} has {counted(values.shape[1], 'column')}, but fit saw "
                f"{like.values.shape[1]}. Give the same columns."
            )
        if labelled:
            index, freq = series.index, None
            if like is not None and like.labelled:
                freq = like.freq
                check_same_kind(index, like.index, argument)
            freq = checked_index(index, argument, freq)
        else:
            import pandas as pd

            index, freq = pd.RangeIndex(len(values)), 1
        refuse_gaps(values, index, argument, names=names)
        title = None if names is not None else getattr(series, "name", None)
        return cls(values, index, freq, names, title, labelled, one_column)

    def check_positive(self, argument):
        """Check that there are logarithms.

        Parameters
        ----------
        argument : str
            The argument's name, for the message.

        Raises
        ------
        ValueError
            If a value is not positive.
        """
        bad = np.argwhere(self.values <= 0)
        if len(bad):
            row, column = bad[0]
            raise ValueError(
                f"{argument} has {self.values[row, column]:g} at "
                f"{told(self.index, row)}, but log=True takes positive values only. "
                "Set log=False, or add a constant first."
            )

    def with_future(self, n_steps):
        """Its labels, and those that follow.

        Parameters
        ----------
        n_steps : int
            How many follow.

        Returns
        -------
        pandas.Index
            Of ``len(self) + n_steps`` labels.
        """
        return self.index.append(self.future(n_steps))

    def future(self, n_steps):
        """The labels that follow.

        Parameters
        ----------
        n_steps : int
            How many.

        Returns
        -------
        pandas.Index
            Of the same kind.
        """
        return continued(self.index, self.freq, n_steps)

    def answer(self, values):
        """Forecasts of the steps that follow, in the form in which the series came.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_columns)
            Forecasts.

        Returns
        -------
        ndarray, Series or DataFrame
            Of one axis if the series had one.
        """
        if self.one_column:
            values = values[:, 0]
        if not self.labelled:
            return values
        import pandas as pd

        index = self.future(len(values))
        if self.one_column:
            return pd.Series(values, index, name=self.title)
        return pd.DataFrame(values, index, self.names)

    def followed_by(self, later):
        """This series and what comes next as one.

        Parameters
        ----------
        later : TimeSeries
            Of the same columns.

        Returns
        -------
        TimeSeries
            Of both lengths together.

        Raises
        ------
        ValueError
            If labels show that something else comes next.
        """
        index = self.with_future(len(later))
        if self.labelled and later.labelled:
            expected, found = index[len(self) :], later.index
            if len(found) and expected[0] != found[0]:
                raise ValueError(
                    f"series begins at {told(found, 0)}, but the one of fit ends at "
                    f"{told(self.index, -1)}. Give the observations that come next, "
                    f"from {told(expected, 0)} on. In a search take "
                    "cv=TimeSeriesSplit(), or compare by backtest."
                )
        values = np.concatenate([self.values, later.values])
        return replace(self, values=values, index=index)

    def until(self, n):
        """The first `n` observations.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        TimeSeries
            A view.
        """
        return replace(self, values=self.values[:n], index=self.index[:n])
