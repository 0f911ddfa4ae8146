"""Sizes that are given once for all blocks of a network, or once for each."""

from numbers import Integral


def sizes(name, value):
    """Check whole numbers, pairs of them, or one of these for each block.

    Parameters
    ----------
    name : {"filters", "kernel_size", "strides", "pool_size"}
        The parameter.
    value : int or sequence of int or of sequences of int
        What the user gave.

    Returns
    -------
    int or tuple
        Lists as tuples; `filters` always one entry for each block.

    Raises
    ------
    ValueError
        If one is no whole number of at least 1.
    """
    filters = name == "filters"
    result = _frozen(value)
    if filters and not isinstance(result, tuple):
        result = (result,)
    right = _is_size(result) or (
        isinstance(result, tuple)
        and len(result) > 0
        and all(_is_size(v) or _is_group(v, any_length=filters) for v in result)
    )
    if right:
        return result
    if filters:
        raise ValueError(
            f"filters={value!r} must be whole numbers of at least 1, one for each "
            "block, for example (32, 64), or groups of them for blocks of several "
            "convolutions, for example ((32, 32), (64, 64))."
        )
    raise ValueError(
        f"{name}={value!r} must be a whole number of at least 1, or one for each "
        "block; a pair in place of a number is height and width, for example "
        "((1, 3), (1, 3)) for two blocks."
    )


def _frozen(value):
    if isinstance(value, tuple | list):
        return tuple(map(_frozen, value))
    return int(value) if _is_size(value) else value


def _is_size(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _is_group(value, *, any_length):
    return (
        isinstance(value, tuple)
        and (len(value) > 0 if any_length else len(value) == 2)
        and all(map(_is_size, value))
    )
