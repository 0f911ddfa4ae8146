"""A remark where a user's Keras model has learnt nothing."""

import math

import numpy as np

from skdl._keras import keras
from skdl._remarks import remark
from skdl.exceptions import NothingLearntWarning
from skdl.losses import AbsoluteError, LogLoss, SquaredError
from skdl.training._compiled_fit import DEFAULT_BATCH_SIZE
from skdl.training._learnt import (
    LEAST_STEPS,
    best_constant,
    is_no_better,
    logits_near,
    numbers_near,
)


def remark_if_nothing_learnt(estimator, X, y, args, history, predict):
    """Compare a trained model with the best constant answer that it could give.

    Models of several inputs or outputs, and of answers with more than two axes, are not
    looked at.

    Parameters
    ----------
    estimator : BaseWrapper
        With the trained `model_`.
    X, y : array
        What the model was given.
    args : dict
        The arguments of ``Model.fit``.
    history : dict of str to list
        What it returned.
    predict : callable
        From X to the model's answers.
    """
    model = estimator.model_
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, list) and len(shape) == 1:
        shape = shape[0]
    if not _is_usual(model, y, args, shape) or not history.get("loss"):
        return
    n_rows = _n_trained(y, args)
    y, weight = y[:n_rows], np.ones(n_rows)
    if args.get("sample_weight") is not None:
        weight = np.asarray(args["sample_weight"], np.float64)[:n_rows]
    loss = _Loss(model)
    try:
        constant, _ = best_constant(
            loss,
            y,
            weight,
            lambda y: _constant_answers(y, loss.activation, shape[1]),
            shape[1],
            seen=history["loss"][-1] / weight.mean(),
        )
        if constant is None or not is_no_better(
            history["loss"][-1] / weight.mean(), constant
        ):
            return
        outputs = np.asarray(predict(X[:n_rows])).reshape(n_rows, -1)
        values = np.asarray(loss.of_answers(y, outputs), np.float64)
    except Exception:  # in whatever functions of users need beyond y and answers
        return
    found = float(np.average(values, weights=weight))
    if is_no_better(found, constant):
        name = type(estimator).__name__
        remark(NothingLearntWarning(name, found, constant))


def _is_usual(model, y, args, shape):
    if not isinstance(y, np.ndarray):
        return False
    epochs = args["epochs"] - args["initial_epoch"]
    n_steps = math.ceil(len(y) / (args.get("batch_size") or DEFAULT_BATCH_SIZE))
    return (
        isinstance(shape, tuple)
        and len(shape) == 2
        and isinstance(shape[1], int)
        and (isinstance(model.loss, str) or callable(model.loss))
        and args.get("class_weight") is None
        and n_steps * epochs >= LEAST_STEPS
    )


def _n_trained(y, args):
    """Rows before those of ``validation_split``, which are the last."""
    share = args.get("validation_split") or 0.0
    given = args.get("validation_data") is not None
    return len(y) if given else math.floor(len(y) * (1 - share))


def _activation(model):
    """From what the last layer computes first to the model's answers."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return keras.activations.softmax
    return getattr(last, "activation", None) or keras.activations.linear


class _Loss:
    """The loss of a compiled model, of what its last layer computes first."""

    def __init__(self, model):
        self.activation = _activation(model)
        found = keras.losses.get(model.loss)
        is_loss = isinstance(found, keras.losses.Loss)
        self._function = found.call if is_loss else found
        plain = getattr(found, "fn", found), getattr(found, "_fn_kwargs", {})
        self._known = None
        name, options = getattr(plain[0], "__name__", None), plain[1]
        if name in _FORMULAS and not any(options.get(o) for o in _OPTIONS):
            formula, activation = _FORMULAS[name]
            if self.activation is activation:
                self._known = formula

    def __call__(self, y_true, raw):
        raw = keras.ops.convert_to_tensor(raw)
        return self.of_answers(y_true, self.activation(raw))

    def of_answers(self, y_true, y_pred):
        """One value for each row."""
        y_true = keras.ops.convert_to_tensor(y_true)
        y_pred = keras.ops.cast(y_pred, keras.config.floatx())
        if y_pred.shape[1:] == (1,) and len(y_true.shape) == 1:
            y_true = y_true[:, None]
        values = self._function(y_true, y_pred)
        if values.shape[:1] != y_pred.shape[:1]:
            raise ValueError("The loss has no value for each row.")
        return keras.ops.mean(values, axis=tuple(range(1, len(values.shape))))

    def _of_best_constant(self, y, weight, n_outputs):
        """By formula, where the loss is one of skdl's under another name."""
        if self._known is None:
            return None
        if n_outputs > 1 and y.size == len(y):  # codes of classes
            y = y.ravel().astype(np.int64)
        else:
            y = y.reshape(len(y), n_outputs).astype(np.float64)
            if self.activation is keras.activations.softmax:
                if not (np.count_nonzero(y, axis=1) == 1).all() or y.max() != 1:
                    return None
                y = y.argmax(axis=1)
        return self._known._of_best_constant(y, weight, n_outputs)

    @staticmethod
    def _of_perfect(y, weight):
        return 0.0


_FORMULAS = {
    "mean_squared_error": (SquaredError(), keras.activations.linear),
    "mean_absolute_error": (AbsoluteError(), keras.activations.linear),
    "binary_crossentropy": (LogLoss(), keras.activations.sigmoid),
    "categorical_crossentropy": (LogLoss(), keras.activations.softmax),
    "sparse_categorical_crossentropy": (LogLoss(), keras.activations.softmax),
}
_OPTIONS = ("from_logits", "label_smoothing", "ignore_class")


def _constant_answers(y, activation, n_outputs):
    """Raw outputs, one of which suits all rows for most losses."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim == 1 and n_outputs > 1:
        return logits_near(y.astype(np.int64), n_outputs)
    y = y.reshape(len(y), -1).astype(np.float64)
    if y.shape[1] != n_outputs:
        return np.zeros((1, n_outputs))
    if activation is keras.activations.softmax:
        return np.log(np.maximum(y.mean(axis=0), 0.5 / len(y)))[np.newaxis]
    if activation is keras.activations.sigmoid:
        return logits_near(y, n_outputs)
    return numbers_near(y)
