"""Checks of the fields and of the shapes that losses are given."""

from numbers import Real


def is_number(value):
    """Return whether `value` is a real number, which True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_number(loss, name, holds, expected, remedy):
    """Make the field `name` of a frozen `loss` a float for which `holds` is true."""
    value = getattr(loss, name)
    if not (is_number(value) and holds(value)):
        raise ValueError(
            f"{name}={value!r} of {type(loss).__name__} has to be {expected}; {remedy}."
        )
    object.__setattr__(loss, name, float(value))


def check_same_shape(loss, y_true, y_pred):
    """Stop tensors of different shapes from being broadcast against each other."""
    ranks = len(y_true.shape), len(y_pred.shape)
    columns = {tensor.shape[-1] for tensor in (y_true, y_pred)} - {None}
    if ranks != (2, 2) or len(columns) > 1:
        raise ValueError(
            f"y_true of shape {tuple(y_true.shape)} and y_pred of shape "
            f"{tuple(y_pred.shape)} have to be (batch, n_outputs) for "
            f"{type(loss).__name__}; give both one column for each output."
        )
