"""A user's compiled model, trained by the engine, against ``keras.Model.fit``."""

import keras
import numpy as np
import pytest
from keras import layers, losses, metrics, ops, optimizers

from skdl.training._compiled import as_keras, build, compiled_network, why_not
from skdl.training._compiled_fit import fit_compiled, predict_compiled
from skdl.training._program import PROGRAMS
from skdl.training._tensorflow import AssignsWeights

rng = np.random.default_rng(0)
N, D, K = 45, 6, 3  # batches of 8 leave a short one
X = rng.normal(size=(N, D)).astype("float32")
SEQUENCES = rng.normal(size=(N, 5, 2)).astype("float32")
TOKENS = rng.integers(0, 7, size=(N, 5))
IMAGES = rng.normal(size=(N, 6, 6, 1)).astype("float32")
LABELS = rng.integers(K, size=N)
ONE_HOT = np.eye(K, dtype="float32")[LABELS]
NUMBERS = rng.normal(size=(N, 2)).astype("float32")
WEIGHT = rng.uniform(0.1, 3, size=N).astype("float32")


def dense(n_outputs=K, activation="softmax", **options):
    return keras.Sequential(
        [
            keras.Input((D,)),
            layers.Dense(5, activation="tanh", **options),
            layers.Dense(n_outputs, activation=activation),
        ]
    )


def twins(make, optimizer=None, loss="sparse_categorical_crossentropy", **compiled):
    """The same compiled model twice, with the same weights and seeds."""
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        model = make()
        model.compile(
            "adam" if optimizer is None else optimizer(),
            loss() if isinstance(loss, type) else loss,
            **compiled,
        )
        models.append(model)
    return models


def both(models, X, y, *, weight=None, validation=None, epochs=2, **options):
    """History and weights by the engine, and by Keras for the same batches."""
    ours, theirs = models
    theirs.run_eagerly = True  # tracing would take longer
    X, y = as_keras(X), as_keras(y)
    assert why_not(ours, X, y) is None
    build(ours, X)
    if not theirs.built:
        build(theirs, X)
        theirs.set_weights(ours.get_weights())
    ours.set_weights(theirs.get_weights())
    history = fit_compiled(
        ours,
        compiled_network(ours, X),
        (X, y, weight),
        validation,
        epochs=epochs,
        batch_size=8,
        shuffle=False,
        **options,
    )
    data = None
    if validation is not None:
        data = tuple(part for part in validation if part is not None)
    expected = theirs.fit(
        X,
        y,
        sample_weight=weight,
        validation_data=data,
        epochs=epochs,
        batch_size=8,
        shuffle=False,
        verbose=0,
        **options,
    ).history
    return history, expected


def assert_same(models, history, expected, X, tolerance=2e-5):
    ours, theirs = models
    assert set(history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, tolerance, tolerance)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, tolerance, tolerance)
    outputs = predict_compiled(ours, compiled_network(ours, X), X)
    np.testing.assert_allclose(outputs, theirs(X), tolerance, tolerance)


class Scaled(layers.Layer):
    """A user's layer with a loss, a state and something random of its own."""

    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(3)

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        self.add_loss(0.01 * ops.sum(self.factor**2))
        if training:
            self.calls.assign(self.calls + 1)
            x = x + 0.1 * keras.random.normal(ops.shape(x), seed=self.seed)
        return x * self.factor


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(5, activation="relu")
        self.last = layers.Dense(K, activation="softmax")

    def call(self, x):
        return self.last(self.hidden(x))


def residual():
    inputs = keras.Input((D,))
    x = layers.Dense(D, activation="relu")(inputs)
    x = layers.Add()([x, inputs]) * 2.0
    return keras.Model(inputs, layers.Dense(K, activation="softmax")(ops.tanh(x)))


NETWORKS = {
    "dense": (dense, X),
    "without input": (
        lambda: keras.Sequential([layers.Dense(4), layers.Dense(K, "softmax")]),
        X,
    ),
    "residual": (residual, X),
    "subclassed": (Subclassed, X),
    "dropout": (
        lambda: keras.Sequential([keras.Input((D,)), layers.Dropout(0.3), dense()]),
        X,
    ),
    "penalties": (
        lambda: dense(
            kernel_regularizer="l2", activity_regularizer=keras.regularizers.L1(0.01)
        ),
        X,
    ),
    "constraint": (
        lambda: dense(kernel_constraint=keras.constraints.MaxNorm(0.5)),
        X,
    ),
    "layers of many kinds": (
        lambda: keras.Sequential(
            [
                keras.Input((D,)),
                layers.Reshape((2, 3)),
                layers.Permute((2, 1)),
                layers.Lambda(lambda x: x * 2),
                layers.Flatten(),
                layers.ActivityRegularization(l2=0.1),
                layers.BatchNormalization(),
                layers.Dense(K, activation="softmax"),
            ]
        ),
        X,
    ),
    "layer of a user": (
        lambda: keras.Sequential([keras.Input((D,)), Scaled(), dense()]),
        X,
    ),
    "frozen layer": (
        lambda: keras.Sequential(
            [keras.Input((D,)), layers.Dense(D, trainable=False), dense()]
        ),
        X,
    ),
    "convolution": (
        lambda: keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(3, 3, use_bias=False),  # which would have no gradient
                layers.BatchNormalization(),
                layers.GlobalAveragePooling2D(),
                layers.Dense(K, activation="softmax"),
            ]
        ),
        IMAGES,
    ),
    "lstm": (
        lambda: keras.Sequential(
            [keras.Input((5, 2)), layers.LSTM(4), layers.Dense(K, "softmax")]
        ),
        SEQUENCES,
    ),
    "masked tokens": (
        lambda: keras.Sequential(
            [
                keras.Input((5,), dtype="int64"),
                layers.Embedding(7, 3, mask_zero=True),
                layers.LSTM(4),
                layers.Dense(K, activation="softmax"),
            ]
        ),
        TOKENS,
    ),
    "float64": (
        lambda: keras.Sequential(
            [keras.Input((D,), dtype="float64"), layers.Dense(K, dtype="float64")]
        ),
        X,
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_engine_trains_like_keras(name):
    make, X = NETWORKS[name]
    models = twins(make, metrics=["accuracy"])
    validation = (as_keras(X[::2]), LABELS[::2], None)
    history, expected = both(models, X, LABELS, validation=validation)
    assert set(expected) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert_same(models, history, expected, X)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": optimizers.RMSprop,
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "nadam": optimizers.Nadam,
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "ftrl": lambda: optimizers.Ftrl(0.1),
    "lion": lambda: optimizers.Lion(0.01),
    "adafactor": lambda: optimizers.Adafactor(0.1),
    "clipped": lambda: optimizers.Adam(clipnorm=0.01),
    "averaged": lambda: optimizers.Adam(use_ema=True, ema_momentum=0.9),
    "accumulated": lambda: optimizers.SGD(0.1, gradient_accumulation_steps=2),
    "amsgrad": lambda: optimizers.Adam(amsgrad=True),
    "schedule": lambda: optimizers.Adam(
        optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    ),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01)),
    "accumulated by schedule": lambda: optimizers.SGD(
        optimizers.schedules.CosineDecay(0.1, 30), gradient_accumulation_steps=2
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_step_like_keras_and_go_on(name):
    models = twins(dense, OPTIMIZERS[name])
    history, expected = both(models, X, LABELS)
    assert_same(models, history, expected, X)
    # what is left in the optimizers is the same, so that both go on alike
    ours, theirs = (model.optimizer.variables for model in models)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-4, 1e-6, err_msg=a.path)
    history, expected = both(models, X, LABELS, epochs=2)
    assert_same(models, history, expected, X)


def squared(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2, axis=-1)


def scalar(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2)


class Quartic(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean((y_true - y_pred) ** 4, axis=-1)


LOSSES = {
    "name": ("mse", NUMBERS),
    "function": (squared, NUMBERS),
    "number for a batch": (scalar, NUMBERS),
    "class of a user": (Quartic(), NUMBERS),
    "sum": (losses.MeanSquaredError(reduction="sum"), NUMBERS),
    "mean by weight": (
        losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        NUMBERS,
    ),
    "huber": (losses.Huber(0.3), NUMBERS),
    "one target": ("mae", NUMBERS[:, 0]),
    "list": (["mse"], NUMBERS),
    "one number for each row": (losses.MeanSquaredError(reduction=None), NUMBERS),
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_keras(name, weight):
    loss, y = LOSSES[name]
    n_outputs = 1 if y.ndim == 1 else 2
    models = twins(lambda: dense(n_outputs, None), loss=loss)
    validation = (X[:20], y[:20], None if weight is None else weight[:20])
    history, expected = both(models, X, y, weight=weight, validation=validation)
    assert_same(models, history, expected, X)


def off_by(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class LargestProbability(metrics.Metric):
    def __init__(self):
        super().__init__(name="largest")
        self.largest = self.add_weight(name="largest", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))

    def result(self):
        return 1.0 * self.largest  # the variable itself would change with evaluation


def test_metrics_are_those_of_keras():
    def compiled():
        return {
            "metrics": [
                "accuracy",
                metrics.AUC(name="auc"),
                off_by,
                LargestProbability(),
                metrics.F1Score(name="f1"),  # one value for each class
            ],
            "weighted_metrics": ["mae", metrics.Precision(name="precision")],
        }

    models = [
        twins(dense, loss="categorical_crossentropy", **compiled())[0] for _ in range(2)
    ]
    validation = (X[:20], ONE_HOT[:20], WEIGHT[:20])
    history, expected = both(
        models, X, ONE_HOT, weight=WEIGHT, validation=validation, epochs=2
    )
    assert len(expected) == 16
    assert_same(models, history, expected, X)


def test_validation_batches_decide_where_losses_are_sums():
    models = twins(lambda: dense(2, None), loss=losses.MeanSquaredError("sum"))
    history, expected = both(
        models,
        X,
        NUMBERS,
        validation=(X[:20], NUMBERS[:20], None),
        validation_batch_size=7,
    )
    assert_same(models, history, expected, X)


# -- callbacks -------------------------------------------------------------------------


class Watching(keras.callbacks.Callback):
    """Notes what a callback can see, and changes some of it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / (epoch + 1)

    def on_epoch_end(self, epoch, logs=None):
        weights = self.model.get_weights()
        self.seen.append((epoch, dict(logs), float(weights[0].sum())))
        self.seen.append((self.params["steps"], int(self.model.optimizer.iterations)))
        self.model.set_weights([0.9 * w for w in weights])
        if epoch == 3:
            self.model.stop_training = True


def test_callbacks_see_and_change_what_they_do_in_keras():
    watching = Watching(), Watching()
    models = twins(dense)
    results = []
    for model, callback in zip(models, watching, strict=True):
        model.set_weights(models[0].get_weights() if results else model.get_weights())
        start = model.get_weights()
        if model is models[0]:
            network = compiled_network(model, X)
            results.append(
                fit_compiled(
                    model,
                    network,
                    (X, LABELS, None),
                    epochs=9,
                    batch_size=8,
                    shuffle=False,
                    callbacks=[callback],
                )
            )
            first = start
        else:
            model.set_weights(first)
            model.run_eagerly = True
            results.append(
                model.fit(
                    X,
                    LABELS,
                    epochs=9,
                    batch_size=8,
                    shuffle=False,
                    callbacks=[callback],
                    verbose=0,
                ).history
            )
    assert len(results[0]["loss"]) == 4
    assert_same(models, *results, X)
    for ours, theirs in zip(*(callback.seen for callback in watching), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            if isinstance(b, dict):
                assert set(a) == set(b)
                a, b = a["loss"], b["loss"]
            assert a == pytest.approx(b, rel=1e-4)


# -- programs --------------------------------------------------------------------------


def test_pattern_is_not_changed_by_others():
    """The first of equal models is the pattern; it stays a model of its user."""
    PROGRAMS.clear()
    for optimizer in (lambda: "adam", lambda: optimizers.Adafactor(0.1)):
        first, second = (twins(dense, optimizer)[0] for _ in range(2))
        network = compiled_network(first, X)
        options = {"epochs": 1, "batch_size": 8}
        fit_compiled(first, network, (X, LABELS, None), **options)
        learnt = first.get_weights()
        network = compiled_network(second, X)
        assert network == compiled_network(first, X)
        fit_compiled(second, network, (-X, LABELS, None), **options)
        for a, b in zip(first.get_weights(), learnt, strict=True):
            np.testing.assert_array_equal(a, b)


# -- which models are left to Keras ----------------------------------------------------


class OwnStep(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(K)

    def call(self, x):
        return self.last(x)

    def train_step(self, data):
        return super().train_step(data)


def test_layers_that_assign_weights_are_left_to_keras():
    model = keras.Sequential(
        [keras.Input((D,)), layers.SpectralNormalization(layers.Dense(K))]
    )
    model.compile("adam", "mse")
    before = model.get_weights()
    with pytest.raises(AssignsWeights, match="kernel"):
        fit_compiled(model, compiled_network(model, X), (X, ONE_HOT, None), epochs=1)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


class OwnLoss(Subclassed):
    def compute_loss(self, *args, **kwargs):
        return 2 * super().compute_loss(*args, **kwargs)


def two_inputs():
    inputs = [keras.Input((D,)), keras.Input((D,))]
    return keras.Model(inputs, layers.Add()(inputs))


def two_outputs():
    inputs = keras.Input((D,))
    return keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (OwnStep, "train_step"),
        (OwnLoss, "compute_loss"),
        (two_inputs, "2 inputs and 1 outputs"),
        (two_outputs, "1 inputs and 2 outputs"),
        (
            lambda: keras.Sequential(
                [keras.Input(batch_shape=(5, 5, 2)), layers.LSTM(3, stateful=True)]
            ),
            "fixed batch size of 5",
        ),
    ],
    ids=["train_step", "compute_loss", "two inputs", "two outputs", "fixed batch"],
)
def test_other_models_are_left_to_keras(make, reason):
    model = make()
    model.compile("sgd", "mse")
    assert reason in why_not(model, X, LABELS)


def test_eager_models_and_other_data_are_left_to_keras():
    model = dense()
    model.compile("sgd", "mse", run_eagerly=True)
    assert why_not(model, X, LABELS) == "run_eagerly=True"
    model.compile("sgd", "mse")
    assert why_not(model, X, LABELS) is None
    assert "no single array" in why_not(model, [X, X], LABELS)
    assert "dtype" in why_not(model, X, np.array(["a"] * N))
