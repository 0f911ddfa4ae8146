"""Nothing printed, nothing left behind, and a user's own changes count at once."""

import subprocess
import sys
import textwrap
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict, cross_val_score

from skdl import KerasRegressor
from skdl.training._program import PROGRAMS
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    assert_same_weights,
    classes,
    classifier,
    columns,
    dense,
    numbers,
    regressor,
)
from tests.keras_wrappers._several import (
    by_keras,
    own_step,
    targets,
    three_classes,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_programs():
    """As if this process had trained nothing."""
    PROGRAMS.clear()


# -- silence ---------------------------------------------------------------------------

SILENT = {
    "engine": three_classes,
    "engine, numbers": targets,
    "eager": lambda: three_classes(run_eagerly=True, epochs=1),
    "own step": lambda: targets(own_step, epochs=1),
    "callbacks": lambda: three_classes(
        callbacks=[
            keras.callbacks.EarlyStopping("loss", patience=1),
            keras.callbacks.ReduceLROnPlateau("loss"),
        ],
        validation_split=0.2,
    ),
    "weights": lambda: three_classes(class_weight="balanced", metrics=["accuracy"]),
}


@pytest.mark.parametrize("name", SILENT)
def test_nothing_is_printed_and_nothing_warned_of(name, capfd):
    estimator = SILENT[name]()
    X, y = numbers() if isinstance(estimator, KerasRegressor) else classes(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "__array__", DeprecationWarning, r"keras\.")
        estimator.fit(X, y).partial_fit(X, y).predict(X)
        estimator.predict(X[:1])
        estimator.score(X, y)
        clone(estimator).initialize(X, y).predict(X)
        cross_val_score(estimator, X, y, cv=2)
        if hasattr(estimator, "predict_proba"):
            cross_val_predict(estimator, X, y, cv=2, method="predict_proba")
    assert capfd.readouterr() == ("", "")


def test_many_fits_by_keras_are_silent_too(capfd):
    X, y = numbers()
    for _ in range(7):  # TensorFlow complains at the fifth function that it traces
        targets(own_step, epochs=1).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_a_line_for_each_epoch(capfd):
    three_classes(verbose=1, epochs=3).fit(*classes(3))
    out, err = capfd.readouterr()
    assert out.count("loss") == 3
    assert err == ""


def test_prediction_prints_nothing_even_if_fit_does(capfd):
    X, y = classes(3)
    for way in ({}, {"run_eagerly": True}):
        estimator = three_classes(verbose=1, **way).fit(X, y)
        capfd.readouterr()
        estimator.predict(X)
        estimator.score(X, y)
        assert capfd.readouterr() == ("", "")


def test_nothing_is_written_to_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    three_classes(validation_split=0.2).fit(*classes(3)).predict(columns())
    assert list(tmp_path.iterdir()) == []


def test_names_of_layers_are_the_same_in_every_fit_and_counted_on_by_nobody():
    X, y = classes(3)
    three_classes().fit(X, y)
    before = keras.layers.Dense(1).name
    models = [three_classes(**way).fit(X, y).model_ for way in ({}, {"epochs": 1})]
    names = [[layer.name for layer in model.layers] for model in models]
    assert names[0] == names[1]
    assert number_of(keras.layers.Dense(1).name) == number_of(before) + 1


def number_of(name):
    """Of a name that Keras has given: 3 of dense_3."""
    return int(name.partition("_")[2] or 0)


# -- memory and threads ----------------------------------------------------------------

MANY_FITS = """
    import gc, resource
    from tests.keras_wrappers._networks import classes
    from tests.keras_wrappers._several import three_classes

    def now():
        gc.collect()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        return pages * resource.getpagesize() / 2**20

    X, y = classes(3)
    for k in range(110):
        if k == 10:
            before = now()
        three_classes(random_state=k, epochs=1).fit(X, y).predict(X)
    print(now() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_fits_take_no_memory():
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MANY_FITS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 30  # megabytes


def fit_and_predict(parameters):
    X, y = classes(3)
    return three_classes(**parameters).fit(X, y).predict_proba(X)


THREADS = [{"random_state": k, "hidden": (8,)} for k in range(3)] + [
    {"random_state": k, "hidden": (5,), "epochs": 5} for k in range(3)
]


@pytest.mark.usefixtures("no_programs")
def test_fits_in_threads_give_the_bits_of_fits_alone():
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(fit_and_predict, THREADS))
    for parameters, proba in zip(THREADS, together, strict=True):
        assert_array_equal(proba, fit_and_predict(parameters))


def test_threads_may_predict_with_one_estimator():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    expected = estimator.predict_proba(X)
    start = threading.Barrier(4)

    def predict(_):
        start.wait()
        return [estimator.predict_proba(X) for _ in range(5)]

    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(predict, range(4)):
            for answer in answers:
                assert_array_equal(answer, expected)


# -- changes of model_ -----------------------------------------------------------------


def test_weights_that_are_set_are_predicted_with():
    X, y = classes(3)
    one, other = three_classes().fit(X, y), three_classes(random_state=1).fit(X, y)
    one.model_.set_weights(other.model_.get_weights())
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    one.model_.layers[-1].kernel.assign(np.zeros((8, 3)))
    one.model_.layers[-1].bias.assign([0.0, 5.0, 0.0])
    assert set(one.predict(X)) == {1}


def test_weights_that_are_set_are_trained_further():
    X, y = numbers()
    estimator = targets(optimizer="sgd", shuffle=False, warm_start=True).fit(X, y)
    estimator.model_.layers[-1].kernel.assign(np.ones((8, 1)))
    model = keras.models.clone_model(estimator.model_)
    model.set_weights(estimator.model_.get_weights())
    model.compile("sgd", "mse")
    model.fit(X, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    estimator.fit(X, y)
    expected = np.asarray(model(X))[:, 0]
    assert_allclose(estimator.predict(X), expected, rtol=1e-4, atol=1e-6)


def test_layers_that_are_frozen_stay_as_they_are():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    first, last = estimator.model_.layers
    first.trainable = False
    estimator.model_.compile("rmsprop", SPARSE)
    before = first.get_weights(), last.get_weights()
    estimator.partial_fit(X, y)
    for old, new in zip(before[0], first.get_weights(), strict=True):
        assert_array_equal(new, old)
    assert not np.array_equal(last.get_weights()[0], before[1][0])
    frozen = first.get_weights()[0]
    first.trainable = True
    estimator.model_.compile("rmsprop", SPARSE)
    estimator.partial_fit(X, y)
    assert not np.array_equal(first.get_weights()[0], frozen)


def test_other_rate_of_the_optimizer_counts():
    X, y = numbers()
    estimator = targets(optimizer="sgd", optimizer__learning_rate=0.1).fit(X, y)
    before = estimator.model_.get_weights()
    estimator.model_.optimizer.learning_rate = 0.0
    estimator.partial_fit(X, y)
    for old, new in zip(before, estimator.model_.get_weights(), strict=True):
        assert_array_equal(new, old)


def test_other_loss_counts_after_compiling_again():
    X, y = numbers()
    fixed = {"shuffle": False, "optimizer": "sgd"}
    estimator = targets(**fixed).fit(X, y)
    model = by_keras(targets(), X, y, loss="mae", optimizer="sgd")
    model.set_weights(estimator.model_.get_weights())
    estimator.model_.compile("sgd", "mae")
    estimator.set_params(loss="mae").partial_fit(X, y)
    history = model.fit(X, y, batch_size=20, shuffle=False, verbose=0).history
    assert_allclose(estimator.history_["loss"][-1], history["loss"][0], rtol=1e-5)
    assert_same_weights(estimator.model_, model)


def test_other_activation_counts():
    X, y = numbers()
    estimator = targets().fit(X, y)
    before = estimator.predict(X)
    estimator.model_.layers[0].activation = keras.activations.tanh
    after = estimator.model_.call(X).numpy()[:, 0]
    assert not np.allclose(before, after)
    again = KerasRegressor(estimator.model_, **QUICK).initialize(X, y)
    assert_allclose(again.predict(X), after, rtol=1e-5, atol=1e-6)


def test_model_replaced_is_predicted_with():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    estimator.model_ = dense()
    expected = estimator.model_(X)
    assert_allclose(estimator.predict_proba(X), expected, rtol=1e-5)


def test_keras_may_go_on_where_the_engine_stopped():
    X, y = numbers()
    estimator = targets(shuffle=False).fit(X, y)
    twice = targets(shuffle=False, epochs=4).fit(X, y)
    estimator.model_.fit(X, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    assert_allclose(estimator.predict(X), twice.predict(X), rtol=1e-4, atol=1e-6)


def test_model_is_usable_by_keras_alone():
    X, y = classes(3)
    estimator = three_classes(classifier, metrics=["accuracy"]).fit(X, y)
    proba = estimator.model_.predict(X, verbose=0)
    assert_allclose(estimator.predict_proba(X), proba, rtol=1e-5)
    values = estimator.model_.evaluate(X, y, verbose=0, return_dict=True)
    assert_allclose(values["accuracy"], estimator.score(X, y))
    inner = keras.Model(estimator.model_.inputs, estimator.model_.layers[0].output)
    assert inner.predict(X, verbose=0).shape == (60, 8)
    assert targets(regressor).fit(X, y).model_.predict(X, verbose=0).shape == (60, 1)
