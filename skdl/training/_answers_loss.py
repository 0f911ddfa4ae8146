"""The loss of a fit for a model that gives answers, as Keras evaluates it."""

import functools

import keras


class AnswersLoss(keras.losses.Loss):
    """A loss of raw outputs, from what a model makes of them for its users.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, raw) -> (batch,)``, as it is trained with.
    encoded : callable
        From checked targets to `y_true`, in ``keras.ops``.
    raw : callable
        From probabilities or predictions to raw outputs, in ``keras.ops``.
    dtype : str
        The network's dtype.
    """

    def __init__(self, loss, encoded, raw, *, dtype):
        super().__init__(name="loss", dtype=dtype)
        self._loss, self._encoded, self._raw = loss, encoded, raw

    def call(self, y_true, y_pred):
        """One value for each row.

        Parameters
        ----------
        y_true : tensor of shape (batch, ...)
            Checked targets.
        y_pred : tensor of shape (batch, ...)
            The model's answers.

        Returns
        -------
        tensor of shape (batch,)
            As in training.
        """
        return self._loss(self._encoded(y_true), self._raw(y_pred))


def compile_with(model, optimizer, loss, checked):
    """Compile a model so that it can be evaluated on a user's rows.

    Parameters
    ----------
    model : keras.Model
        From X to answers.
    optimizer : keras.optimizers.Optimizer
        Shown to those who ask, and saved with the model.
    loss : AnswersLoss
        Not saved, so that files need nothing but Keras.
    checked : callable
        ``checked(x, y) -> (y, weight)``: targets as `loss` takes them, and weights of
        rows or None; complains about wrong ones.
    """
    # one trace of a few batches would not make up for the time that XLA takes
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)
    model.compute_loss = functools.partial(_with_penalties, model, loss)
    config = model.get_compile_config
    model.get_compile_config = lambda: {**config(), "loss": None}
    for name in ("evaluate", "test_on_batch"):
        setattr(model, name, _with_targets(getattr(model, name), checked))


def _with_penalties(model, loss, x, y, y_pred, sample_weight=None, training=True):
    """What Keras computes, where it would mix float64 with its own float32."""
    value = loss(y, y_pred, sample_weight)
    return value + sum(keras.ops.cast(p, value.dtype) for p in model.losses)


def _with_targets(method, checked):
    """A method of a model that takes y as ``fit`` of the estimator does."""

    @functools.wraps(method)
    def wrapped(x=None, y=None, *args, sample_weight=None, **kwargs):
        if y is not None:  # else x is a data set, which has targets as they are checked
            y, weight = checked(x, y)
            if weight is not None:
                sample_weight = weight * (1 if sample_weight is None else sample_weight)
        return method(x, y, *args, sample_weight=sample_weight, **kwargs)

    return wrapped
