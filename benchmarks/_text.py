"""Plain text tables."""


def aligned(rows, *, left=1):
    """Lay out rows of strings in columns, with a line under the first row.

    Parameters
    ----------
    rows : list of sequences of str
        The first one is the head.
    left : int
        Number of leading columns which are flush left; the others are flush right.

    Returns
    -------
    str

    Examples
    --------
    >>> print(aligned([("name", "s"), ("digits", "1.25")]))
    name       s
    ------------
    digits  1.25
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
