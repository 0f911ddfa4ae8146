"""The same seed gives the same bits, in silence, and global state is left alone."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score

from skdl.exceptions import TrainingDivergedError
from skdl.training import _program
from skdl.training._program import PROGRAMS, ProgramCache
from tests.instances import INSTANCES, quick, small

ROOT = Path(__file__).parents[1]
EPOCHS = 3


def fit(name, X, y, **parameters):
    parameters = {"random_state": 0, "epochs": EPOCHS, **parameters}
    return quick(name, **parameters).fit(X, y)


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


def fit_and_predict(name, X, y):
    return outputs(fit(name, X, y), X)


@pytest.fixture(scope="module")
def first(data_for):
    """``first(name)``: outputs of an instance from a program made for it alone."""
    PROGRAMS.clear()
    return cache(lambda name: fit_and_predict(name, *data_for(INSTANCES[name]())))


@pytest.fixture(scope="module", params=INSTANCES)
def case(request, data_for):
    """Name, X and y."""
    return request.param, *data_for(INSTANCES[request.param]())


# -- seeds -----------------------------------------------------------------------------


def test_same_seed_same_bits_after_other_fits(case, first):
    name, X, y = case
    expected = first(name)
    fit(name, X, y, random_state=1)  # the same program
    fit(name, X[::2], y[::2], random_state=2, epochs=1, learning_rate=0.3)
    fit(name, X[:, 1:], y)  # another one
    assert_array_equal(fit_and_predict(name, X, y), expected)


def test_same_seed_same_bits_after_a_failed_fit(case, first):
    name, X, y = case
    expected = first(name)
    with pytest.raises(TrainingDivergedError):
        fit(name, X, y, learning_rate=1e38)  # the same program
    assert_array_equal(fit_and_predict(name, X, y), expected)


def test_another_seed_gives_other_weights(case, first):
    name, X, y = case
    assert not np.array_equal(outputs(fit(name, X, y, random_state=1), X), first(name))


def test_same_seed_same_bits_in_threads_at_once(first, data_for):
    names = [*INSTANCES] * 2
    with ThreadPoolExecutor(4) as pool:
        data = [data_for(INSTANCES[name]()) for name in names]
        results = [*pool.map(lambda name, xy: fit_and_predict(name, *xy), names, data)]
    for name, result in zip(names, results, strict=True):
        assert_array_equal(result, first(name))


def unpickled_and_fitted(estimator, name, X, y):
    return outputs(estimator, X), fit_and_predict(name, X, y)


def test_same_seed_same_bits_and_unpickled_ones_in_another_process(first, data_for):
    data = {name: data_for(INSTANCES[name]()) for name in INSTANCES}
    results = joblib.Parallel(n_jobs=2)(
        joblib.delayed(unpickled_and_fitted)(fit(name, X, y), name, X, y)
        for name, (X, y) in data.items()
    )
    for name, (unpickled, fitted) in zip(INSTANCES, results, strict=True):
        assert_array_equal(unpickled, first(name))
        assert_array_equal(fitted, first(name))


def test_random_state_instance_gives_what_its_seed_gives(iris):
    X, y = iris
    by_seed = small(random_state=7).fit(X, y)
    by_instance = small(random_state=np.random.RandomState(7)).fit(X, y)
    assert_array_equal(by_seed.predict_proba(X), by_instance.predict_proba(X))


def test_without_a_seed_numpy_seeds_decide(iris):
    X, y = iris
    results = []
    for seed in (0, 0, 1):
        np.random.seed(seed)  # noqa: NPY002
        results.append(small(random_state=None).fit(X, y).predict_proba(X))
    assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


# -- jobs ------------------------------------------------------------------------------


def test_scores_of_two_jobs_are_those_of_one(iris):
    def scores(n_jobs, backend):
        with joblib.parallel_config(backend=backend):
            search = GridSearchCV(
                small(batch_size=32),
                {"dropout": [0.0, 0.2], "hidden_units": [(8,), (8, 4)]},
                cv=3,
                n_jobs=n_jobs,
            ).fit(*iris)
            alone = cross_val_score(small(), *iris, cv=4, n_jobs=n_jobs)
        splits = [search.cv_results_[f"split{i}_test_score"] for i in range(3)]
        return np.concatenate([*splits, alone, search.predict_proba(iris[0]).ravel()])

    one = scores(1, "loky")
    assert_array_equal(scores(2, "threading"), one)
    assert_array_equal(scores(2, "loky"), one)


def test_prediction_does_not_depend_on_the_other_rows(case):
    name, X, y = case
    estimator = fit(name, X, y)
    together = outputs(estimator, X)
    alone = np.concatenate([outputs(estimator, X[i : i + 1]) for i in range(40)])
    assert_array_equal(alone, together[:40])
    assert_array_equal(outputs(estimator, X[::-1]), together[::-1])


# -- what is left alone ----------------------------------------------------------------


def draw():
    """Numbers from every global generator, each of which moves on."""
    unseeded = keras.random.normal((2,)), keras.initializers.GlorotUniform()((2, 2))
    return np.concatenate(
        [
            np.random.random(2),  # noqa: NPY002
            [random.random()],
            *(keras.ops.convert_to_numpy(value).ravel() for value in unseeded),
        ]
    )


@pytest.fixture
def nothing_traced(monkeypatch):
    """No program that another test has traced."""
    monkeypatch.setattr(_program, "PROGRAMS", ProgramCache())


# float64, an activation with weights, and all that draws random numbers
FRESHLY_TRACED = pytest.mark.parametrize(
    "case",
    [
        "DenseClassifier-pyramid",
        "DenseRegressor-unscaled",
        "DenseClassifier-noisy",
        "TabularRegressor",
    ],
    indirect=True,
)


@pytest.mark.usefixtures("nothing_traced")
@FRESHLY_TRACED
def test_global_random_state_is_not_touched(case):
    name, X, y = case
    keras.utils.set_random_seed(0)  # of Python, NumPy and the backend
    expected = draw()
    keras.utils.set_random_seed(0)
    outputs(fit(name, X, y), X)
    assert_array_equal(draw(), expected)


def test_keras_settings_are_not_touched(iris):
    def settings():
        config = keras.config
        return config.floatx(), config.epsilon(), config.dtype_policy().name

    before = settings()
    small(dtype="float64").fit(*iris)
    assert settings() == before


def test_data_and_weights_are_not_changed(case):
    name, X, y = case
    X, y, weight = X.copy(), y.copy(), np.linspace(1, 2, len(X))
    kept = X.copy(), y.copy(), weight.copy()
    estimator = quick(name, epochs=1)
    estimator.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight).predict(X)
    for now, before in zip((X, y, weight), kept, strict=True):
        assert_array_equal(now, before)


@pytest.mark.usefixtures("nothing_traced")
@FRESHLY_TRACED
def test_nothing_is_printed(case, capfd):
    name, X, y = case
    outputs(fit(name, X, y), X)
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_one_line_for_each_epoch(iris, capfd):
    small(verbose=1).fit(*iris)
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == [
        f"Epoch {i}/5" for i in range(1, 6)
    ]


def test_first_fit_of_a_process_prints_nothing_and_writes_no_file(tmp_path):
    code = (
        "import numpy as np, skdl; X = np.eye(4);"
        "[kind(epochs=2, dtype=dtype).fit(X, [0, 1, 0, 1]).predict(X)"
        " for kind in (skdl.DenseClassifier, skdl.TabularRegressor)"
        " for dtype in ('float32', 'float64')]"
    )
    # Keras writes its own settings when it is imported, and imports matplotlib where
    # that is installed, which then writes a list of fonts.
    keras_home, fonts = tmp_path / "keras", tmp_path / "fonts"
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={
            **os.environ,
            **places,
            "PYTHONPATH": str(ROOT),
            "KERAS_HOME": str(keras_home),
            "MPLCONFIGDIR": str(fonts),
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout + run.stderr == ""
    assert set(tmp_path.iterdir()) <= {keras_home, fonts}
