"""One series or several of them, by name or by position."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from skdl._series._numbers import counted, in_order
from skdl._series._read import TimeSeries


@dataclass(frozen=True, eq=False)
class Panel:
    """Checked series, and how they came.

    Parameters
    ----------
    members : list of TimeSeries
        At least one.
    names : list or None
        Names of those of a dict, positions in a list; None for a single series.
    by_name : bool
        Whether they came as a dict.
    """

    members: list
    names: list | None = None
    by_name: bool = False

    def __iter__(self):
        return iter(self.members)

    def __len__(self):
        return len(self.members)

    def arguments(self, name="series"):
        """What each one is called in messages.

        Parameters
        ----------
        name : str, default="series"
            The argument's name.

        Returns
        -------
        list of str
            ``series`` for a single one, else ``series['a']``.
        """
        if self.names is None:
            return [name]
        return [f"{name}[{key!r}]" for key in self.names]

    def shape(self, answers):
        """Answers for each series in the form in which they came.

        Parameters
        ----------
        answers : iterable
            One for each series.

        Returns
        -------
        object
            A dict, a list, or the answer of a single one.
        """
        answers = list(answers)
        if self.names is None:
            return answers[0]
        if self.by_name:
            return dict(zip(self.names, answers, strict=True))
        return answers

    def parts(self, given, argument):
        """What belongs to each series.

        Parameters
        ----------
        given : object
            Given as the series were: a dict, a list, or one for a single series.
        argument : str
            The argument's name, for the message.

        Returns
        -------
        list
            One object for each series.

        Raises
        ------
        ValueError
            If it came in another form, or with other names.
        """
        if self.names is None:
            if isinstance(given, Mapping) or _is_list_of_series(given):
                raise ValueError(
                    f"{argument} holds several, but fit saw a single series. Give one."
                )
            return [given]
        if self.by_name:
            names = list(given) if isinstance(given, Mapping) else None
            if names is None or set(names) != set(self.names):
                raise ValueError(
                    f"{argument} must be a dict with the names of fit: "
                    f"{_few(self.names)}."
                )
            return [given[name] for name in self.names]
        if not isinstance(given, (list, tuple)) or len(given) != len(self.names):
            raise ValueError(
                f"{argument} must be a list of {len(self.names)}, one for each series "
                "of fit."
            )
        return list(given)

    def reread(self, series, argument="series"):
        """Check other observations of the same series.

        Parameters
        ----------
        series : object
            As for `read_panel`.
        argument : str, default="series"
            The argument's name, for the message.

        Returns
        -------
        Panel
            Of the same names and columns.
        """
        parts = self.parts(series, argument)
        members = [
            TimeSeries.read(part, name, like)
            for part, name, like in zip(
                parts, self.arguments(argument), self.members, strict=True
            )
        ]
        return replace(self, members=members)

    def with_members(self, members):
        """The same names with other series.

        Parameters
        ----------
        members : iterable of TimeSeries
            One for each.

        Returns
        -------
        Panel
            A new one.
        """
        return replace(self, members=list(members))


def read_panel(series, argument="series"):
    """Check one series or several.

    Parameters
    ----------
    series : array-like, Series, DataFrame, dict of these or list of these
        What the user gave.
    argument : str, default="series"
        The argument's name, for the message.

    Returns
    -------
    Panel
        All of one number of columns.

    Raises
    ------
    ValueError
        If one of them is wrong, or if they differ in columns.
    """
    if isinstance(series, Panel):
        return series
    if isinstance(series, Mapping):
        panel = Panel(list(series.values()), list(series), by_name=True)
    elif _is_list_of_series(series):
        panel = Panel(list(series), list(range(len(series))))
    else:
        return Panel([TimeSeries.read(series, argument)])
    if not len(panel):
        raise ValueError(f"{argument} holds no series. Give at least one.")
    names = panel.arguments(argument)
    first = TimeSeries.read(panel.members[0], names[0])
    members = [first]
    for one, name in zip(panel.members[1:], names[1:], strict=True):
        one = TimeSeries.read(in_order(one, first.names, name), name)
        if one.values.shape[1] != first.values.shape[1]:
            raise ValueError(
                f"{name} has {counted(one.values.shape[1], 'column')}, but "
                f"{names[0]} has {first.values.shape[1]}. Give all series the same "
                "columns."
            )
        members.append(one)
    return panel.with_members(members)


def _is_list_of_series(series):
    """Whether it is a list of arrays or series, and not of numbers or rows."""
    return (
        isinstance(series, (list, tuple))
        and len(series) > 0
        and all(np.ndim(one) > 0 and hasattr(one, "ndim") for one in series)
    )


def _few(names):
    told = ", ".join(repr(name) for name in names[:5])
    return told + (f" and {len(names) - 5} more" if len(names) > 5 else "")
