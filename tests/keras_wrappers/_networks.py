"""Build functions, prebuilt networks and tiny data for all tests of the wrappers.

One architecture serves them all, 4 columns and one hidden layer of 8 units, because a
network is traced once for each architecture and process.
"""

import keras
import numpy as np

SPARSE = "sparse_categorical_crossentropy"
LOSSES = {
    "binary": "binary_crossentropy",
    "multilabel-indicator": "binary_crossentropy",
    "multiclass": SPARSE,
}

# What most estimators of these tests are given besides their network.
QUICK = {"epochs": 2, "batch_size": 20, "random_state": 0}
IN_ORDER = {**QUICK, "shuffle": False}


def dense(n_inputs=4, hidden=(8,), n_outputs=3, activation="softmax"):
    """A Sequential network of dense layers, not compiled."""
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    last = keras.layers.Dense(n_outputs, activation=activation)
    return keras.Sequential([keras.Input((n_inputs,)), *layers, last])


def classifier(meta, hidden=(8,)):
    """A network for the classes in `meta`; the wrapper has to compile it."""
    several = meta["target_type_"] != "binary"
    activation = "softmax" if meta["target_type_"] == "multiclass" else "sigmoid"
    n_outputs = meta["n_classes_"] if several else 1
    return dense(meta["n_features_in_"], hidden, n_outputs, activation)


def regressor(meta, hidden=(8,)):
    """A network for the number of targets in `meta`; the wrapper has to compile it."""
    return dense(meta["n_features_in_"], hidden, meta["n_outputs_"], "linear")


def compiled_classifier(meta, compile_kwargs, hidden=(8,)):
    """The network of ``classifier``, compiled; the loss fits the kind of target."""
    model = classifier(meta, hidden)
    loss = compile_kwargs["loss"] or LOSSES[meta["target_type_"]]
    model.compile(**{**compile_kwargs, "loss": loss})
    return model


def compiled_regressor(meta, compile_kwargs, hidden=(8,)):
    """The network of ``regressor``, compiled with the squared error."""
    model = regressor(meta, hidden)
    loss = compile_kwargs["loss"] or "mean_squared_error"
    model.compile(**{**compile_kwargs, "loss": loss})
    return model


def known(n_outputs=3, activation="softmax", seed=0):
    """A network whose first weights are drawn from `seed`, not compiled.

    Used as build function and for Keras's own ``fit``, so that the two start equal.
    """
    model = dense(n_outputs=n_outputs, activation=activation)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def known_regressor(n_outputs=1, seed=0):
    """The same for numbers."""
    return known(n_outputs, "linear", seed)


def prebuilt(loss=SPARSE, **compile_kwargs):
    """A compiled network with weights that are always the same, to be given itself."""
    model = known_regressor() if loss == "mse" else known()
    model.compile(loss=loss, **compile_kwargs)
    return model


def keras_history(model, X, y, **fit_kwargs):
    """What Keras's own ``fit`` tells of a compiled network: oracle of `IN_ORDER`."""
    kwargs = {"epochs": 2, "batch_size": 20, "shuffle": False, "verbose": 0}
    kwargs.update(fit_kwargs)
    model.run_eagerly = kwargs["epochs"] < 10  # tracing would take longer
    return model.fit(X, y, **kwargs).history


def assert_same_history(estimator, history):
    """The same names, and the same numbers up to rounding."""
    names_of = sorted(estimator.history_), sorted(history)
    assert names_of[0] == names_of[1], f"{names_of[0]} and not {names_of[1]}"
    for name, values in history.items():
        np.testing.assert_allclose(
            estimator.history_[name], values, rtol=1e-4, atol=1e-6, err_msg=name
        )


def assert_same_weights(one, other):
    """Two networks have the same weights up to rounding."""
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def two_heads(meta):
    """A functional network with the outputs "a" and "b", one number each."""
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    outputs = [keras.layers.Dense(1, name=name)(hidden) for name in "ab"]
    return keras.Model(inputs, outputs)


def split_columns(y):
    """The targets of `two_heads`: an array for each column of y."""
    return [y[:, 0], y[:, 1]]


def columns(n_rows=60, seed=0):
    """X of `n_rows` and 4 columns, standard normal, float32."""
    return np.random.default_rng(seed).normal(size=(n_rows, 4)).astype("float32")


def classes(n_classes=3, n_rows=60, seed=0):
    """X and integer classes of almost equal size that a small network can learn."""
    X = columns(n_rows, seed)
    ranks = np.argsort(np.argsort(X[:, 0] - X[:, 1]))
    return X, ranks * n_classes // n_rows


def names(n_rows=60, seed=0):
    """X and the same three classes, as text."""
    X, y = classes(3, n_rows, seed)
    return X, np.array(["apple", "pear", "plum"])[y]


def labels(n_rows=60, seed=0):
    """X and three labels of which any number holds."""
    X = columns(n_rows, seed)
    return X, (X[:, :3] > 0).astype(int)


def numbers(n_targets=1, n_rows=60, seed=0):
    """X and targets around 0, float32, 1-D if there is one target."""
    X = columns(n_rows, seed)
    y = np.column_stack([X[:, 0] - 0.5 * X[:, i + 1] for i in range(n_targets)])
    return X, y[:, 0] if n_targets == 1 else y
