"""Imports SciKeras without what it changes in Keras for everybody."""

import contextlib
import sys

from skdl._keras import keras

_PATCHED = {
    keras.Model: ("__reduce__", "__deepcopy__"),
    keras.losses.Loss: ("__reduce__",),
    keras.metrics.Metric: ("__reduce__",),
    keras.optimizers.Optimizer: ("__reduce__",),
}


@contextlib.contextmanager
def _unchanged_keras():
    """Undo what SciKeras does on import, unless the user has imported it before."""
    if "scikeras" in sys.modules:
        yield
        return
    before = {
        cls: {n: vars(cls).get(n) for n in names} for cls, names in _PATCHED.items()
    }
    yield
    for cls, methods in before.items():
        for name, method in methods.items():
            if method is not None:
                setattr(cls, name, method)
            elif name in vars(cls):
                delattr(cls, name)


with _unchanged_keras():
    from scikeras import wrappers
    from scikeras._utils import route_params
    from scikeras.utils import metric_name
    from scikeras.utils.random_state import tensorflow_random_state
    from scikeras.utils.transformers import ClassifierLabelEncoder


def _tags(self):
    return super(wrappers.BaseWrapper, self).__sklearn_tags__()


# SciKeras describes its tags in a way that scikit-learn 1.6 has dropped, and that newer
# ones take for a mistake where the new way is missing. This is what they find anyway.
if "__sklearn_tags__" not in vars(wrappers.BaseWrapper):
    wrappers.BaseWrapper.__sklearn_tags__ = _tags

__all__ = [
    "ClassifierLabelEncoder",
    "metric_name",
    "route_params",
    "tensorflow_random_state",
    "wrappers",
]
