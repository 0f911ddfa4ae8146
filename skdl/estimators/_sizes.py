"""Sizes that are given once for all blocks of a network, or once for each."""

from numbers import Integral

import numpy as np

EXAMPLES = {"kernel_size": "(3, 5)", "strides": "(2, 1)", "pool_size": "(2, 2)"}


def filters_of(filters):
    """Filters of each block.

    Parameters
    ----------
    filters : int or array-like of int or of sequences of int
        What the user gave.

    Returns
    -------
    tuple
        For each block a whole number, or a tuple of them for several convolutions.

    Raises
    ------
    ValueError
        If one is no whole number of at least 1.
    """
    result = _frozen(filters)
    result = result if isinstance(result, tuple) else (result,)
    if result and all(_is_size(v) or _are_sizes(v) for v in result):
        return result
    raise ValueError(
        f"filters={filters!r} must be whole numbers of at least 1, one for each block, "
        "for example (32, 64), or groups of them for blocks of several convolutions, "
        "for example ((32, 32), (64, 64))."
    )


def sizes(name, value, n_blocks):
    """Height and width of what each block has.

    Parameters
    ----------
    name : {"kernel_size", "strides", "pool_size"}
        The parameter.
    value : int or array-like of int or of pairs of int
        What the user gave.
    n_blocks : int
        How many blocks there are.

    Returns
    -------
    tuple of tuple of int
        A pair for each block.

    Raises
    ------
    ValueError
        If one is no whole number of at least 1, or the number of blocks is another.
    """
    result = _frozen(value)
    result = (result,) * n_blocks if _is_size(result) else result
    if (
        isinstance(result, tuple)
        and len(result) == n_blocks
        and all(_is_size(v) or (_are_sizes(v) and len(v) == 2) for v in result)
    ):
        return tuple((v, v) if _is_size(v) else v for v in result)
    example = ", ".join([EXAMPLES[name]] * n_blocks) + "," * (n_blocks == 1)
    raise ValueError(
        f"{name}={value!r} must be a whole number of at least 1 for all blocks, or one "
        f"for each of the {n_blocks} blocks. A pair in place of a number is height and "
        f"width: {name}=({example})."
    )


def _frozen(value):
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, tuple | list):
        return tuple(map(_frozen, value))
    return int(value) if _is_size(value) else value


def _is_size(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _are_sizes(value):
    return isinstance(value, tuple) and len(value) > 0 and all(map(_is_size, value))
