"""A grid of axes for pictures, in a new figure or in axes of the user."""

import math
import textwrap
from numbers import Integral

import numpy as np

CELL = 1.6  # inches
LARGE_CELL = 2.4  # of one or two side by side
HEADINGS = 0.22  # inches for each line of text


def check_count(count, name, *, or_none=False):
    """Check how many pictures there are to be.

    Parameters
    ----------
    count : int
        What the user gave.
    name : str
        The parameter's name, for the message.
    or_none : bool, default=False
        Whether None may stand for a number.

    Raises
    ------
    ValueError
        If it is no whole number of at least 1.
    """
    if or_none and count is None:
        return
    if not isinstance(count, Integral) or count < 1:
        what = "a whole number of at least 1" + ", or None" * or_none
        raise ValueError(f"{name}={count!r} must be {what}.")


def picture_axes(plt, ax, n, *, aspect=1.0, n_lines=1):
    """One Axes without ticks for each picture.

    Parameters
    ----------
    plt : module
        ``matplotlib.pyplot``.
    ax : matplotlib Axes, array-like of them, or None
        None makes a figure; a single one gives its place to a grid; of several, those
        that are not needed are switched off.
    n : int
        How many pictures.
    aspect : float, default=1.0
        Height of a picture divided by its width.
    n_lines : int, default=1
        Lines of text above each.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    axes : ndarray of shape (n,)
        Of Axes.

    Raises
    ------
    ValueError
        If there are fewer axes than pictures.
    """
    if isinstance(ax, (list, tuple, np.ndarray)):
        given = np.ravel(np.asarray(ax, dtype=object))
        if len(given) < n:
            raise ValueError(
                f"ax has {len(given)} axes for {n} images. Give more axes, or set "
                f"n_images={len(given)}."
            )
        figure, axes = given[0].figure, given
    else:
        n_columns = max(math.ceil(math.sqrt(n)), min(n, 3))
        n_rows = math.ceil(n / n_columns)
        if ax is None:
            width = CELL if n_columns > 2 else LARGE_CELL
            height = width * min(max(aspect, 0.25), 4.0) + HEADINGS * n_lines
            figure = plt.figure(
                figsize=(n_columns * width, n_rows * height + 2.5 * HEADINGS),
                layout="constrained",
            )
            grid = figure.add_gridspec(n_rows, n_columns)
        else:
            figure, place = ax.figure, ax.get_subplotspec()
            if place is None:
                raise ValueError(
                    "ax has no place in a grid that could be divided. Make it by "
                    f"plt.subplots, or give a list of {n} axes."
                )
            ax.set_axis_off()
            grid = place.subgridspec(n_rows, n_columns)
        axes = np.array([figure.add_subplot(cell) for cell in grid], dtype=object)
    for spare in axes[n:]:
        spare.set_axis_off()
    for one in axes[:n]:
        one.set_xticks([])
        one.set_yticks([])
    return figure, axes[:n]


def write_title(figure, title):
    """Write above all pictures of a figure, in as many lines as it takes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        As wide as it is.
    title : str
        What to write; ends of lines are kept.
    """
    letters = int(12 * figure.get_figwidth())  # of size 10 in a line
    lines = [textwrap.fill(line, letters) for line in title.split("\n")]
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)


def heading(true, predicted, probability=None):
    """What stands above a picture: ``true → predicted (probability)``.

    Parameters
    ----------
    true : str or None
        None if it is not known.
    predicted : str
        What was predicted.
    probability : float or None, default=None
        Of what was predicted.

    Returns
    -------
    str
        In two lines if it is long.
    """
    if probability is not None:
        predicted = f"{predicted} ({probability:.2f})"
    if true is None:
        return predicted
    between = "\n" if len(true) + len(predicted) > 20 else " "
    return f"{true}{between}→ {predicted}"
