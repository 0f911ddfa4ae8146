"""Copies of estimators predict and go on learning as the original does."""

import copy
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.keras_wrappers._copies import COPIES
from tests.keras_wrappers._networks import (
    classes,
    names,
    numbers,
    regressor,
)
from tests.keras_wrappers._several import (
    WAYS,
    Bias,
    Cubic,
    noisy,
    own_step,
    targets,
    three_classes,
    with_layer,
)

ROOT = Path(__file__).parents[2]


def same_parameters(one, other):
    return one.get_params().keys() == other.get_params().keys()


# -- every way to copy -----------------------------------------------------------------


@pytest.mark.parametrize("copied", COPIES)
def test_unfitted(copied, tmp_path):
    X, y = names()
    original = three_classes(optimizer__learning_rate=0.01, model__hidden=(8,))
    twin = COPIES[copied](original, tmp_path)
    assert same_parameters(twin, original)
    assert not twin.initialized_
    expected = original.fit(X, y).predict_proba(X)
    assert_array_equal(twin.fit(X, y).predict_proba(X), expected)


FITTED = [*[(copied, "engine") for copied in COPIES], ("pickle", "own fit")]


@pytest.mark.parametrize(("copied", "way"), FITTED)
def test_fitted(copied, way, tmp_path):
    X, y = names()
    original = three_classes(noisy, metrics=["accuracy"], **WAYS[way]).fit(X, y)
    twin = COPIES[copied](original, tmp_path)
    assert_array_equal(twin.predict_proba(X), original.predict_proba(X))
    assert_array_equal(twin.predict(X), original.predict(X))
    assert_array_equal(twin.classes_, original.classes_)
    assert twin.history_ == original.history_
    assert twin.model_ is not original.model_
    assert twin.current_epoch == original.current_epoch == 2
    assert twin.score(X, y) == original.score(X, y)
    expected = original.fit(X, y).predict_proba(X)
    assert_array_equal(twin.fit(X, y).predict_proba(X), expected)


OPTIMIZERS = {
    "sgd": "sgd",
    "adam": "adam",
    "rmsprop class": keras.optimizers.RMSprop,
    "adam instance": keras.optimizers.Adam(0.01),
    "momentum instance": keras.optimizers.SGD(0.1, momentum=0.9),
}


STATES = [*[(name, "engine") for name in OPTIMIZERS], ("adam", "own fit")]


@pytest.mark.parametrize(("optimizer", "way"), STATES)
def test_copy_goes_on_learning_as_the_original_does(optimizer, way):
    """The state of the optimizer is kept, also over several copies."""
    X, y = numbers()
    original = targets(optimizer=OPTIMIZERS[optimizer], **WAYS[way]).partial_fit(X, y)
    twin = original
    for n_epochs in (2, 3):
        twin = pickle.loads(pickle.dumps(twin)).partial_fit(X, y)
        assert twin.current_epoch == n_epochs
    original.partial_fit(X, y).partial_fit(X, y)
    assert_array_equal(twin.predict(X), original.predict(X))
    assert twin.history_ == original.history_


@pytest.mark.parametrize("copied", ["pickle", "deepcopy"])
def test_copy_of_a_warm_start_goes_on_too(copied, tmp_path):
    X, y = classes(3)
    original = three_classes(optimizer="adam", warm_start=True).fit(X, y)
    twin = COPIES[copied](original, tmp_path)
    expected = original.fit(X, y).predict_proba(X)
    assert_array_equal(twin.fit(X, y).predict_proba(X), expected)


def test_copy_before_any_training():
    X, y = classes(3)
    original = three_classes().initialize(X, y)
    twin = pickle.loads(pickle.dumps(original))
    assert_array_equal(twin.predict_proba(X), original.predict_proba(X))
    for estimator in (original, twin):
        estimator.partial_fit(X, y)
    assert_array_equal(twin.predict_proba(X), original.predict_proba(X))


def test_copies_are_independent():
    X, y = classes(3)
    original = three_classes().fit(X, y)
    expected = original.predict_proba(X)
    copy.deepcopy(original).partial_fit(X, y[::-1])
    pickle.loads(pickle.dumps(original)).partial_fit(X, y[::-1])
    clone(original).fit(X, y[::-1])
    assert_array_equal(original.predict_proba(X), expected)


def test_shallow_copy_learns_apart():
    X, y = classes(3)
    original = three_classes().fit(X, y)
    expected = original.predict_proba(X)
    twin = copy.copy(original).fit(X, y[::-1])
    assert_array_equal(original.predict_proba(X), expected)
    assert not np.array_equal(twin.predict_proba(X), expected)


def test_pickle_does_not_grow_with_what_the_estimator_has_done():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    size = len(pickle.dumps(estimator))
    for _ in range(3):
        estimator.fit(X, y).predict(X)
    assert len(pickle.dumps(estimator)) < 1.01 * size


def test_clone_is_not_fitted():
    original = three_classes().fit(*classes(3))
    twin = clone(original)
    assert not twin.initialized_
    assert not hasattr(twin, "history_")
    assert same_parameters(twin, original)


def test_pipeline():
    X, y = names()
    pipe = make_pipeline(StandardScaler(), three_classes()).fit(X, y)
    twin = pickle.loads(pickle.dumps(pipe))
    assert_array_equal(twin.predict_proba(X), pipe.predict_proba(X))


# -- another process -------------------------------------------------------------------


def run_python(code, *arguments):
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


IN_ANOTHER_PROCESS = """
    import pickle, sys
    from pathlib import Path
    import keras

    def methods():
        kinds = [keras.Model, keras.layers.Layer, keras.callbacks.Callback,
                 keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer]
        names = "__reduce__", "__reduce_ex__", "__deepcopy__", "__getstate__"
        return [getattr(kind, name, None) for kind in kinds for name in names]

    before = methods()
    folder = Path(sys.argv[1])
    estimators, X, y = pickle.loads((folder / "estimators").read_bytes())
    answers = []
    for e in estimators.values():
        answers += [e.predict(X), e.fit(X, y).predict(X)]
        pickle.loads(pickle.dumps(e))
    (folder / "answers").write_bytes(pickle.dumps(answers))
    print("changed" if methods() != before else "as before")
"""


def test_another_process_gives_the_same_bits_and_keras_stays_as_it_was(tmp_path):
    X, y = numbers()
    estimators = {
        "standard": targets(),
        "own": targets(with_layer, loss=Cubic(), metrics=[Bias()]),
        "step": targets(own_step),
        "noisy": targets(noisy_regressor),
        "noisy, eager": targets(noisy_regressor, run_eagerly=True),
    }
    for estimator in estimators.values():
        estimator.fit(X, y)
    (tmp_path / "estimators").write_bytes(pickle.dumps((estimators, X, y)))
    assert run_python(IN_ANOTHER_PROCESS, tmp_path) == "as before\n"
    answers = iter(pickle.loads((tmp_path / "answers").read_bytes()))
    for estimator in estimators.values():
        assert_array_equal(next(answers), estimator.predict(X))
        assert_array_equal(next(answers), estimator.fit(X, y).predict(X))


def noisy_regressor(meta):
    """A network that draws random numbers in every step."""
    noise = [keras.layers.GaussianNoise(0.1), keras.layers.Dropout(0.5)]
    return keras.Sequential([*noise, *regressor(meta).layers])


def test_patches_of_scikeras_stay_for_who_has_imported_it():
    code = """
        import keras, scikeras.wrappers
        before = keras.Model.__reduce__
        from skdl import KerasClassifier
        print(before is keras.Model.__reduce__, before.__module__)
    """
    assert run_python(code) == "True scikeras._saving_utils\n"
