"""A fit that goes up and down, and a callback that writes down what it is told."""

from functools import cache

from keras import callbacks, optimizers

from skdl import KerasClassifier
from tests.keras_wrappers._networks import (
    IN_ORDER,
    SPARSE,
    classes,
    keras_history,
    known,
)

# Steps that are too large, so that the loss on the validation rows goes up and down.
WILD = {"learning_rate": 0.5, "momentum": 0.9}
N_EPOCHS = 8


def mixed():
    """Rows of three classes in no order, a tenth of them with wrong classes."""
    X, y = classes()
    y = y.copy()
    y[::10] = (y[::10] + 1) % 3
    return X, y


def estimator(**parameters):
    given = {"loss": SPARSE, "optimizer": optimizers.SGD(**WILD), **IN_ORDER}
    given.update(epochs=N_EPOCHS, validation_split=0.3)
    return KerasClassifier(known, **{**given, **parameters})


def by_keras(*given):
    """The network and history of Keras's own ``fit`` with callbacks."""
    model = known()
    model.compile(optimizers.SGD(**WILD), SPARSE)
    kwargs = {"epochs": N_EPOCHS, "validation_split": 0.3}
    return model, keras_history(model, *mixed(), callbacks=list(given), **kwargs)


@cache
def plain():
    """The same without callbacks."""
    return by_keras()


class Recorder(callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self, tag="recorder"):
        super().__init__()
        self.tag = tag
        self.events = []

    def on_train_begin(self, logs=None):
        self.events.append(("train begin", None, dict(logs or {})))

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(("begin", epoch, dict(logs or {})))

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(("end", epoch, dict(logs or {})))

    def on_train_end(self, logs=None):
        self.events.append(("train end", None, dict(logs or {})))

    @property
    def n_fits(self):
        return sum(event[0] == "train begin" for event in self.events)

    @property
    def n_epochs(self):
        return sum(event[0] == "end" for event in self.events)
