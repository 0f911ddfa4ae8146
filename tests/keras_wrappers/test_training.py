"""Training does what Keras's own fit does with the same rows in the same order."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.keras_wrappers._networks import (
    IN_ORDER,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    keras_history,
    names,
    numbers,
)
from tests.keras_wrappers._several import (
    WAYS,
    Bias,
    by_keras,
    normalised,
    noting_epochs,
    of_tokens,
    own_step,
    targets,
    three_classes,
    tokens,
    two_classes,
)

# -- the same as Keras -----------------------------------------------------------------

# Parameters of ours, and the arguments of Model.fit that say the same of 60 rows.
FITS = {
    "epochs": ({"epochs": 3}, {"epochs": 3}),
    "last batch is short": ({"batch_size": 13}, {"batch_size": 13}),
    "default batches": ({"batch_size": None}, {"batch_size": None}),
    "batch of more rows": ({"batch_size": 100}, {"batch_size": 100}),
    "validation_split": ({"validation_split": 0.3}, {"validation_split": 0.3}),
    "validation_batch_size": (
        {"fit__validation_split": 0.5, "validation_batch_size": 8},
        {"validation_split": 0.5, "validation_batch_size": 8},
    ),
    "validation_freq": (
        {"validation_split": 0.3, "fit__validation_freq": 2},
        {"validation_split": 0.3, "validation_freq": 2},
    ),
    "steps_per_epoch": (
        {"epochs": 1, "fit__steps_per_epoch": 2},
        {"epochs": 1, "steps_per_epoch": 2},
    ),
}
WAY_AND_FIT = [
    *[("engine", name) for name in FITS],
    *[("own fit", name) for name in ("epochs", "validation_batch_size")],
]


@pytest.mark.parametrize(("way", "name"), WAY_AND_FIT)
def test_classifier_learns_what_keras_learns(way, name):
    X, y = classes(3)
    ours, keras_own = FITS[name]
    compiled = {"loss": SPARSE, "optimizer": "adam", "metrics": ["accuracy"]}
    fixed = {**IN_ORDER, "optimizer": "adam", "metrics": ["accuracy"]}
    estimator = three_classes(**{**fixed, **ours, **WAYS[way]})
    model = by_keras(estimator, X, y, **compiled)
    history = keras_history(model, X, y, **keras_own)
    assert_same_history(estimator.fit(X, y), history)
    assert_same_weights(estimator.model_, model)
    expected = model(X)
    assert_allclose(estimator.predict_proba(X), expected, rtol=1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_regressor_learns_what_keras_learns(way):
    X, y = numbers(2)
    optimizers = [keras.optimizers.SGD(0.05, momentum=0.9) for _ in range(2)]
    estimator = targets(**IN_ORDER, metrics=["mae"], optimizer=optimizers[0])
    estimator.set_params(validation_split=0.2, epochs=3, **WAYS[way])
    compiled = {"loss": "mse", "optimizer": optimizers[1], "metrics": ["mae"]}
    model = by_keras(estimator, X, y, **compiled)
    history = keras_history(model, X, y, epochs=3, validation_split=0.2)
    estimator.fit(X, y)
    assert_allclose(estimator.history_["val_loss"], history["val_loss"], rtol=1e-4)
    assert_allclose(
        estimator.history_["mean_absolute_error"], history["mae"], rtol=1e-4
    )
    assert_same_weights(estimator.model_, model)


@pytest.mark.parametrize("way", WAYS)
def test_last_rows_validate_also_with_shuffling(way):
    X, y = classes(3)
    kept = X[::-1], y[::-1]  # so that the last rows are like the others
    estimator = three_classes(validation_split=0.25, metrics=["accuracy"], **WAYS[way])
    estimator.fit(*kept)
    loss, accuracy = estimator.model_.evaluate(X[:15], y[:15], verbose=0)
    assert_allclose(estimator.history_["val_loss"][-1], loss, rtol=1e-4)
    assert_allclose(estimator.history_["val_accuracy"][-1], accuracy)


@pytest.mark.parametrize("way", WAYS)
def test_validation_data_as_keras_takes_them(way):
    X, y = names()
    codes = np.unique(y, return_inverse=True)[1]
    estimator = three_classes(fit__validation_data=(X[::2], codes[::2]), **WAYS[way])
    estimator.fit(X, y)
    loss = estimator.model_.evaluate(X[::2], codes[::2], verbose=0)
    assert_allclose(estimator.history_["val_loss"][-1], loss, rtol=1e-4)
    assert len(estimator.history_["loss"]) == 2


@pytest.mark.parametrize("way", WAYS)
def test_rows_are_shuffled_in_every_epoch(way):
    X, y = classes(3)
    shuffled = three_classes(**WAYS[way]).fit(X, y)
    in_order = three_classes(shuffle=False, **WAYS[way]).fit(X, y)
    assert not np.allclose(shuffled.predict_proba(X), in_order.predict_proba(X))
    at_once = [
        three_classes(batch_size=-1, shuffle=shuffle, **WAYS[way]).fit(X, y)
        for shuffle in (True, False)
    ]
    first, second = (estimator.predict_proba(X) for estimator in at_once)
    assert_allclose(first, second, rtol=1e-4)


KINDS_OF_NUMBERS = {
    "float16": lambda X: X.astype("float16"),
    "int64": lambda X: np.rint(10 * X).astype("int64"),
    "bool": lambda X: X > 0,
}


@pytest.mark.parametrize("kind", KINDS_OF_NUMBERS)
def test_numbers_of_other_kinds(kind):
    X, y = numbers()
    X = KINDS_OF_NUMBERS[kind](X)
    estimator = targets(**IN_ORDER)
    model = by_keras(estimator, X, y, loss="mse", optimizer="rmsprop")
    history = keras_history(model, X, y)
    assert_same_history(estimator.fit(X, y), history)
    expected = model(X)[:, 0]
    assert_allclose(estimator.predict(X), expected, rtol=1e-4, atol=1e-5)


NETWORKS = {
    "normalised": (normalised, numbers),
    "of tokens": (of_tokens, lambda: (tokens(), numbers()[1])),
}


@pytest.mark.parametrize(
    ("name", "way"),
    [("normalised", "engine"), ("normalised", "own fit"), ("of tokens", "engine")],
)
def test_networks_with_more_than_dense_layers(name, way):
    network, data = NETWORKS[name]
    X, y = data()
    estimator = targets(network, **IN_ORDER, validation_split=0.2, **WAYS[way])
    model = by_keras(estimator, X, y, loss="mse", optimizer="rmsprop")
    history = keras_history(model, X, y, validation_split=0.2)
    assert_same_history(estimator.fit(X, y), history)
    assert_same_weights(estimator.model_, model)


def test_model_of_a_fit_is_trained_by_hand_and_by_partial_fit():
    """Its optimizer has counted the steps, and keeps its averages."""
    X, y = numbers()
    estimator = targets(**IN_ORDER, optimizer="adam").fit(X, y)
    model = by_keras(estimator, X, y, loss="mse", optimizer="adam")
    keras_history(model, X, y)
    assert int(estimator.model_.optimizer.iterations) == 6
    for one in (estimator.model_, model):
        keras_history(one, X, y, epochs=1)
    assert_same_weights(estimator.model_, model)
    estimator.model_.optimizer.learning_rate = model.optimizer.learning_rate = 0.05
    keras_history(model, X, y, epochs=1)
    assert_same_weights(estimator.partial_fit(X, y).model_, model)


# -- history ---------------------------------------------------------------------------


def test_history_is_a_dictionary_of_lists():
    X, y = numbers()
    metrics = ["mse", keras.metrics.MeanAbsoluteError(name="distance"), Bias()]
    estimator = targets(metrics=metrics, validation_split=0.2, epochs=3).fit(X, y)
    kinds = {"loss", "mean_squared_error", "distance", "bias"}
    assert set(estimator.history_) == kinds | {f"val_{kind}" for kind in kinds}
    assert isinstance(estimator.history_, dict)
    for values in estimator.history_.values():
        assert isinstance(values, list)
        assert [type(value) for value in values] == [float] * 3


def test_short_names_of_metrics_are_the_same_in_every_fit():
    X, y = classes(2)
    metrics = {"metrics": ["accuracy", "auc"]}
    estimator = two_classes(**IN_ORDER, **metrics, validation_split=0.3)
    compiled = {"loss": "binary_crossentropy", "optimizer": "rmsprop", **metrics}
    model = by_keras(estimator, X, y, **compiled)
    history = keras_history(model, X, y, validation_split=0.3)
    for _ in range(2):
        assert_same_history(estimator.fit(X, y), history)


def test_fit_returns_the_estimator_and_resets_the_history():
    X, y = classes(3)
    estimator = three_classes()
    assert estimator.current_epoch == 0
    assert estimator.fit(X, y) is estimator
    assert estimator.current_epoch == 2
    assert estimator.fit(X, y).current_epoch == 2


@pytest.mark.parametrize("way", WAYS)
def test_initial_epoch_is_where_epochs_are_counted_from(way):
    X, y = classes(3)
    seen = []
    estimator = three_classes(callbacks=[noting_epochs(seen)], **WAYS[way])
    estimator.fit(X, y, initial_epoch=5)
    assert seen == [5, 6]
    assert len(estimator.history_["loss"]) == 2


# -- a training step of a user's own ---------------------------------------------------


def test_own_training_step_is_taken():
    X, y = numbers()
    fixed = {"shuffle": False, "optimizer": "sgd", "optimizer__learning_rate": 0.1}
    own = targets(own_step, **fixed).fit(X, y)
    fixed["optimizer__learning_rate"] = 0.05  # the step halves the gradients
    standard = targets(**fixed).fit(X, y)
    assert_same_weights(own.model_, standard.model_)


def test_own_training_step_is_told_at_verbose_1_only(capfd):
    X, y = numbers()
    estimator = targets(own_step).fit(X, y)
    estimator.predict(X)
    assert capfd.readouterr() == ("", "")
    estimator.set_params(verbose=1).fit(X, y)
    assert "train_step" in "".join(capfd.readouterr())


def test_eager_steps_are_told_at_verbose_1_only(capfd):
    X, y = numbers()
    estimator = targets(run_eagerly=True).fit(X, y)
    assert capfd.readouterr() == ("", "")
    assert estimator.model_.run_eagerly
    estimator.set_params(verbose=1).fit(X, y)
    assert "run_eagerly" in "".join(capfd.readouterr())
