"""Imports SciKeras without what it changes in Keras for everybody."""

import contextlib
import functools
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
    from scikeras._utils import (
        get_loss_class_function_or_string,
        get_metric_class,
        get_optimizer_class,
        route_params,
        try_to_convert_strings_to_classes,
        unflatten_params,
    )
    from scikeras.utils import loss_name, metric_name
    from scikeras.utils.transformers import (
        ClassifierLabelEncoder,
        RegressorTargetEncoder,
    )


def _loss_of_name(name):
    """A function, or a class: Keras would make an instance, without its arguments."""
    found = get_loss_class_function_or_string(name)
    return type(found) if isinstance(found, keras.losses.Loss) else found


# of arguments of Model.compile: from names to classes
compile_classes = {
    name: functools.partial(try_to_convert_strings_to_classes, class_getter=find)
    for name, find in [
        ("optimizer", get_optimizer_class),
        ("loss", _loss_of_name),
        ("metrics", get_metric_class),
    ]
}


def _tags(self):
    return super(wrappers.BaseWrapper, self).__sklearn_tags__()


# SciKeras describes its tags in a way that scikit-learn 1.6 has dropped, and that newer
# ones take for a mistake where the new way is missing. This is what they find anyway.
if "__sklearn_tags__" not in vars(wrappers.BaseWrapper):
    wrappers.BaseWrapper.__sklearn_tags__ = _tags

__all__ = [
    "ClassifierLabelEncoder",
    "RegressorTargetEncoder",
    "compile_classes",
    "loss_name",
    "metric_name",
    "route_params",
    "unflatten_params",
    "wrappers",
]
