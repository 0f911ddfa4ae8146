"""A user's compiled Keras model as a network of the engine."""

import weakref

import keras
import numpy as np

from skdl._seeds import names_as_before, seeded_build
from skdl.training._identity import keras_settings, looked_at
from skdl.training._packing import pack, unpack
from skdl.training._program import NetworkSpec

# what a model does in fit and evaluate; a class of its own mind is left to Keras
_STEPS = (
    "train_step",
    "test_step",
    "predict_step",
    "compute_loss",
    "_compute_loss",
    "compute_metrics",
    "get_metrics_result",
    "reset_metrics",
    "metrics",
    "fit",
    "evaluate",
    "predict",
    "make_train_function",
    "make_test_function",
    "make_predict_function",
)


class CompiledModel:
    """A compiled model in the place of a function that builds one.

    Equal to every other whose layers, loss and metrics compute the same. A copy of the
    first of those that are equal serves all as the pattern of traced programs, which do
    not use its variables.

    Parameters
    ----------
    model : keras.Model
        Built and compiled.

    Attributes
    ----------
    has_code : bool
        Whether there are functions or classes of the user in it. What these read may
        change while the model stays the same.
    """

    def __init__(self, model):
        self._model = weakref.ref(model)
        self._is_shared = False
        config = getattr(model, "_compile_config", None)
        names = ("loss", "loss_weights", "metrics", "weighted_metrics")
        compiled = {} if config is None else config.config
        self._identity, self.has_code = looked_at(
            model,
            [(tuple(v.shape), v.dtype, v.trainable) for v in model.variables],
            [compiled.get(name) for name in names],
            keras_settings(),
        )

    def __eq__(self, other):
        if not isinstance(other, CompiledModel):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self):
        return hash(self._identity)

    def __call__(self, input_shape, n_outputs, *, dtype):
        """The pattern; see `NetworkSpec.model`.

        A model that cannot be copied serves itself; its user may change it.
        """
        model = self._model()
        try:
            with seeded_build(0), names_as_before():
                copy = unpack(pack(model))
            if CompiledModel(copy) == self:
                return copy
        except Exception:  # in whatever layers of users do
            pass
        self._is_shared = True
        return model

    def has_changed(self, model):
        """Whether the pattern computes something else than it was made for.

        Parameters
        ----------
        model : keras.Model
            The pattern.

        Returns
        -------
        bool
            False for copies that hold nothing but Keras's own layers.
        """
        return (self._is_shared or self.has_code) and CompiledModel(model) != self


def compiled_network(model, X):
    """Make a `NetworkSpec` of a compiled model.

    Parameters
    ----------
    model : keras.Model
        Built and compiled.
    X : ndarray of shape (n_rows, ...)
        Rows as Keras takes them.

    Returns
    -------
    NetworkSpec
        Its `n_outputs` is not known.
    """
    return NetworkSpec(CompiledModel(model), X.shape[1:], None, (), X.dtype.name)


def build(model, X):
    """Create the variables of a model that does not have them yet.

    Parameters
    ----------
    model : keras.Model
        Any.
    X : ndarray of shape (n_rows, ...)
        Rows as Keras takes them.
    """
    if not all(layer.built for layer in model._flatten_layers()):
        dtype = keras.backend.standardize_dtype(X.dtype)
        model(keras.KerasTensor((None, *X.shape[1:]), dtype))


def as_keras(array):
    """An array of the dtype that ``Model.fit`` would make of it.

    Parameters
    ----------
    array : ndarray
        Of numbers.

    Returns
    -------
    ndarray
        Floats are of ``keras.config.floatx()``.
    """
    return array.astype(keras.config.floatx(), copy=False) if _floats(array) else array


def _floats(array):
    return array.dtype.kind == "f"


def why_not(model, *arrays):
    """Why a model is not trained or evaluated by the engine.

    Parameters
    ----------
    model : keras.Model
        Any; built, if its inputs and targets are arrays.
    *arrays : object
        Its inputs, and targets if there are any.

    Returns
    -------
    str or None
        Part of a sentence; None if it can be.
    """
    for array in arrays:
        if not isinstance(array, np.ndarray):
            return "inputs or targets are no single array"
        if array.dtype.kind not in "fiub" or array.dtype == np.longdouble:
            return f"inputs or targets are of dtype {array.dtype}"
    changed = changed_step(model)
    if changed:
        return f"{type(model).__name__} has a {changed} of its own"
    if model.run_eagerly:
        return "run_eagerly=True"
    if model._distribute_strategy is not None:
        return "it was built under a tf.distribute strategy"
    inputs, outputs = _ends(model)
    if len(inputs) != 1 or len(outputs) != 1:
        return f"it has {len(inputs)} inputs and {len(outputs)} outputs"
    if getattr(inputs[0], "sparse", False) or getattr(inputs[0], "ragged", False):
        return "its input is sparse or ragged"
    if inputs[0].shape and inputs[0].shape[0] is not None:
        return f"its input has a fixed batch size of {inputs[0].shape[0]}"
    if any(getattr(layer, "stateful", False) for layer in model._flatten_layers()):
        return "it has a stateful layer"
    if len({v.dtype for v in model.trainable_variables}) > 1:
        return "its weights are of several dtypes"
    return None


def changed_step(model):
    """Which part of training a model does in its own way.

    Parameters
    ----------
    model : keras.Model
        Any.

    Returns
    -------
    str or None
        The name of a method.
    """
    for name in _STEPS:
        standard = getattr(keras.Model, name, None)
        if name in vars(model) or getattr(type(model), name, None) is not standard:
            return name
    return None


def _ends(model):
    """The inputs and outputs of a graph; of another model one each."""
    inputs = getattr(model, "inputs", None)
    outputs = getattr(model, "outputs", None)
    if not inputs or not outputs:
        return [keras.KerasTensor((None,))], [None]
    return inputs, outputs
