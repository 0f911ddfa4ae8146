"""The size of images, as a parameter."""

from numbers import Integral


def check_size(size, name="size"):
    """Height and width.

    Parameters
    ----------
    size : int or sequence of int
        What the user gave: one number for both, or height and width.
    name : str, default="size"
        The parameter's name, for the message.

    Returns
    -------
    tuple of int
        ``(height, width)``.

    Raises
    ------
    ValueError
        If these are no positive integers.
    """
    pair = (size, size) if isinstance(size, Integral) else size
    try:
        height, width = pair
        if all(
            isinstance(n, Integral) and not isinstance(n, bool) and n > 0
            for n in (height, width)
        ):
            return int(height), int(width)
    except (TypeError, ValueError):  # no two numbers
        pass
    raise ValueError(
        f"{name}={size!r} must be a positive integer, or two of them: height and "
        "width, in this order."
    )
