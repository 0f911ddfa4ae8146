"""What is watched beside the loss of a classifier: the share of correct answers."""

from keras import ops


def accuracy(y_true, y_pred):
    """Whether the most probable answer is right, one value for each row.

    Parameters
    ----------
    y_true : tensor of shape (batch,) or (batch, n_outputs)
        Class indices, or an indicator matrix of 0 and 1.
    y_pred : tensor of shape (batch, n_outputs)
        Logits.

    Returns
    -------
    tensor of shape (batch,)
        1.0 where the answer is right. With several labels all of them must be, as in
        ``sklearn.metrics.accuracy_score``.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import accuracy
    >>> right = accuracy(np.array([1, 0]), np.array([[0.0, 2.0], [0.0, 1.0]]))
    >>> np.asarray(right)
    array([1., 0.])
    """
    if len(y_true.shape) == 1:
        right = ops.argmax(y_pred, axis=-1) == ops.cast(y_true, "int32")
    else:
        right = ops.all((y_pred > 0) == (y_true > 0.5), axis=-1)
    return ops.cast(right, y_pred.dtype)
