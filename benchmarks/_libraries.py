"""The same 64-100-10 network as an estimator of each library."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

SKLEARN_ESTIMATORS = (
    "import sklearn.pipeline, sklearn.preprocessing, sklearn.model_selection, "
    "sklearn.linear_model, sklearn.ensemble, sklearn.neural_network; "
    "sklearn.neural_network.MLPClassifier()"
)


def mlp_classifier(epochs):
    """Make scikit-learn's estimator, which may not stop before the last epoch."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes=(100,),
        max_iter=epochs,
        n_iter_no_change=epochs,
        batch_size=32,
        learning_rate_init=1e-3,
        random_state=0,
    )


def skdl_classifier(epochs):
    """Make skdl's estimator; what is not named here stays at its default."""
    from skdl import DenseClassifier

    return DenseClassifier(
        hidden_units=(100,),
        epochs=epochs,
        batch_size=32,
        learning_rate=1e-3,
        random_state=0,
    )


def keras_network():
    """Build the compiled Keras network which SciKeras asks for."""
    import keras

    network = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    )
    return network


def scikeras_classifier(epochs):
    """Make SciKeras's estimator."""
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        model=keras_network, epochs=epochs, batch_size=32, verbose=0, random_state=0
    )


def skorch_classifier(epochs):
    """Make skorch's estimator; like the others it trains on all rows it is given."""
    import torch
    from skorch import NeuralNetClassifier

    from benchmarks._torch_network import DenseNetwork

    torch.manual_seed(0)
    return NeuralNetClassifier(
        DenseNetwork,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        max_epochs=epochs,
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


@dataclass(frozen=True)
class Library:
    """A library under test.

    Attributes
    ----------
    title : str
        Head of its column.
    make : callable
        ``make(epochs)`` returns an unfitted classifier.
    modules : tuple of str
        What has to be installed; imported before any clock starts.
    import_statement : str
        What a user's script runs before it can use the estimator.
    epochs_run : callable
        The number of epochs a fitted estimator has really trained.
    """

    title: str
    make: Callable
    modules: tuple
    import_statement: str
    epochs_run: Callable

    def missing(self):
        """Name the top-level modules which are not installed."""
        names = {module.partition(".")[0] for module in self.modules}
        return sorted(name for name in names if find_spec(name) is None)

    def load(self):
        """Import everything, so that imports are on nobody's clock."""
        for module in self.modules:
            import_module(module)


LIBRARIES = {
    "sklearn": Library(
        "MLPClassifier",
        mlp_classifier,
        ("sklearn.neural_network",),
        SKLEARN_ESTIMATORS,
        lambda fitted: fitted.n_iter_,
    ),
    "skdl": Library(
        "skdl",
        skdl_classifier,
        ("skdl", "skdl.estimators", "skdl.training", "tensorflow", "keras"),
        "import skdl; skdl.DenseClassifier()",
        lambda fitted: fitted.n_epochs_,
    ),
    "scikeras": Library(
        "SciKeras",
        scikeras_classifier,
        ("scikeras.wrappers", "tensorflow", "keras"),
        "from scikeras.wrappers import KerasClassifier; KerasClassifier()",
        lambda fitted: len(fitted.history_["loss"]),
    ),
    "skorch": Library(
        "skorch",
        skorch_classifier,
        # The last one is what the first step of an optimizer imports.
        ("skorch", "torch", "torch._dynamo"),
        "import torch; from skorch import NeuralNetClassifier; "
        "NeuralNetClassifier(torch.nn.Linear)",
        lambda fitted: len(fitted.history),
    ),
}
