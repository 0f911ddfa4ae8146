"""Copies of estimators predict and go on learning as the original does."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import KerasRegressor
from tests.keras_wrappers._networks import (
    QUICK,
    classes,
    names,
    numbers,
    prebuilt,
    regressor,
)
from tests.keras_wrappers._several import (
    WAYS,
    Bias,
    Cubic,
    Doubled,
    OwnStep,
    RegisteredDoubled,
    fourth_power,
    noisy,
    own_step,
    targets,
    three_classes,
    with_layer,
)

ROOT = Path(__file__).parents[2]


def by_joblib(estimator, path):
    joblib.dump(estimator, path / "estimator.joblib")
    return joblib.load(path / "estimator.joblib")


COPIES = {
    "pickle": lambda e, path: pickle.loads(pickle.dumps(e)),
    "oldest protocol": lambda e, path: pickle.loads(pickle.dumps(e, protocol=2)),
    "deepcopy": lambda e, path: copy.deepcopy(e),
    "joblib": by_joblib,
    "cloudpickle": lambda e, path: pickle.loads(cloudpickle.dumps(e)),
}


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


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("copied", COPIES)
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


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
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


# -- Keras objects as parameters -------------------------------------------------------


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("compiled", [True, False])
def test_prebuilt_network(copied, compiled, tmp_path):
    X, y = classes(3)
    network = prebuilt() if compiled else prebuilt_uncompiled()
    weights = network.get_weights()
    original = three_classes(network)
    unfitted = COPIES[copied](original, tmp_path)
    assert_array_equal(unfitted.model.get_weights()[0], weights[0])
    assert unfitted.model is not network
    expected = original.fit(X, y).predict_proba(X)
    fitted = COPIES[copied](original, tmp_path)
    assert_array_equal(fitted.predict_proba(X), expected)
    assert_array_equal(unfitted.fit(X, y).predict_proba(X), expected)


def prebuilt_uncompiled():
    network = prebuilt()
    bare = keras.models.clone_model(network)
    bare.set_weights(network.get_weights())
    return bare


def test_clone_of_a_prebuilt_network_leaves_it_alone():
    X, y = classes(3)
    network = prebuilt()
    weights = network.get_weights()
    twin = clone(three_classes(network))
    assert twin.model is not network
    twin.fit(X, y)
    for now, before in zip(network.get_weights(), weights, strict=True):
        assert_array_equal(now, before)


def test_shared_network_stays_shared():
    """`model_` of a prebuilt network is the parameter, before and after."""
    X, y = classes(3)
    original = three_classes(prebuilt()).fit(X, y)
    assert original.model_ is original.model
    twin = pickle.loads(pickle.dumps(original))
    assert twin.model_ is twin.model


KERAS_PARAMETERS = {
    "loss instance": {"loss": keras.losses.Huber(0.5)},
    "loss function": {"loss": keras.losses.mean_absolute_error},
    "loss class": {"loss": keras.losses.Huber, "loss__delta": 0.5},
    "own loss": {"loss": Cubic()},
    "own loss class": {"loss": Cubic},
    "own loss function": {"loss": fourth_power},
    "metric instance": {"metrics": [keras.metrics.MeanAbsoluteError(name="gap")]},
    "own metric": {"metrics": [Bias()]},
    "own metric class": {"metrics": [Bias]},
    "own layer": {"model": with_layer},
    "registered layer": {"model": with_layer, "model__layer": RegisteredDoubled},
    "own training step": {"model": own_step},
    "schedule": {
        "optimizer": keras.optimizers.Adam(
            keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
        )
    },
    "callback": {"callbacks": [keras.callbacks.EarlyStopping("loss")]},
    "callback class": {
        "callbacks": keras.callbacks.EarlyStopping,
        "callbacks__monitor": "loss",
    },
}


@pytest.mark.parametrize("name", KERAS_PARAMETERS)
def test_keras_objects_as_parameters(name):
    X, y = numbers()
    parameters = {"model": regressor, "loss": "mse", **KERAS_PARAMETERS[name]}
    original = KerasRegressor(**parameters, **QUICK).fit(X, y)
    expected = original.predict(X)
    twins = pickle.loads(pickle.dumps(original)), copy.deepcopy(original)
    for twin in twins:
        assert_array_equal(twin.predict(X), expected)
        assert twin.history_ == original.history_
        for refitted in (clone(twin), twin):
            assert_array_equal(refitted.fit(X, y).predict(X), expected)
    for estimator in (original, *twins):
        estimator.partial_fit(X, y)
    for twin in twins:
        assert_array_equal(twin.predict(X), original.predict(X))


def test_copies_keep_the_classes_of_a_user():
    X, y = numbers()
    twin = pickle.loads(pickle.dumps(targets(with_layer, loss=Cubic()).fit(X, y)))
    assert any(type(layer) is Doubled for layer in twin.model_.layers)
    assert type(twin.model_.loss) is Cubic
    twin = pickle.loads(pickle.dumps(targets(own_step).fit(X, y)))
    assert type(twin.model_) is OwnStep


def test_callback_that_has_seen_the_network():
    X, y = numbers()
    callback = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    original = targets(callbacks=[callback]).fit(X, y)
    twin = pickle.loads(pickle.dumps(original))
    assert_array_equal(twin.predict(X), original.predict(X))
    assert type(twin.callbacks[0]) is keras.callbacks.EarlyStopping
    twin.partial_fit(X, y)


def test_classes_that_cannot_be_imported_go_by_cloudpickle():
    class Halved(Doubled):
        def call(self, inputs):
            return inputs / 2

    def network(meta):
        return with_layer(meta, layer=Halved)

    X, y = numbers()
    original = targets(network).fit(X, y)
    twin = pickle.loads(cloudpickle.dumps(original))
    assert_array_equal(twin.predict(X), original.predict(X))
    assert_array_equal(
        twin.partial_fit(X, y).predict(X), original.partial_fit(X, y).predict(X)
    )


def test_file_of_keras_is_loaded_into_a_new_estimator(tmp_path):
    X, y = numbers()
    original = targets().fit(X, y)
    original.model_.save(tmp_path / "network.keras")
    network = keras.models.load_model(tmp_path / "network.keras")
    twin = KerasRegressor(network).initialize(X, y)
    np.testing.assert_allclose(twin.predict(X), original.predict(X), rtol=1e-6)


# -- another process -------------------------------------------------------------------


def run_python(code, *arguments):
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_another_process_predicts_the_same_bits(tmp_path):
    X, y = numbers()
    estimators = {
        "standard": targets(),
        "own": targets(with_layer, loss=Cubic(), metrics=[Bias()]),
        "step": targets(own_step),
    }
    for estimator in estimators.values():
        estimator.fit(X, y)
    (tmp_path / "estimators").write_bytes(pickle.dumps((estimators, X, y)))
    code = (
        "import pickle, sys; from pathlib import Path; folder = Path(sys.argv[1]);"
        "estimators, X, y = pickle.loads((folder / 'estimators').read_bytes());"
        "pairs = [(e.predict(X), e.partial_fit(X, y).predict(X))"
        " for e in estimators.values()];"
        "(folder / 'answers').write_bytes(pickle.dumps(pairs))"
    )
    assert run_python(code, tmp_path) == ""
    answers = pickle.loads((tmp_path / "answers").read_bytes())
    for estimator, (before, after) in zip(estimators.values(), answers, strict=True):
        assert_array_equal(before, estimator.predict(X))
        assert_array_equal(after, estimator.partial_fit(X, y).predict(X))


def test_keras_is_not_patched():
    code = (
        "import keras;"
        "kinds = [keras.Model, keras.losses.Loss, keras.metrics.Metric,"
        " keras.optimizers.Optimizer, keras.layers.Layer, keras.callbacks.Callback];"
        "names = '__reduce__', '__reduce_ex__', '__deepcopy__', '__getstate__';"
        "look = lambda: [getattr(k, name, None) for k in kinds for name in names];"
        "before = look();"
        "from skdl import KerasClassifier, KerasRegressor;"
        "import numpy as np, pickle;"
        "from tests.keras_wrappers._several import targets;"
        "e = targets().fit(np.eye(4), [0, 1, 2, 3]);"
        "pickle.loads(pickle.dumps(e)).predict(np.eye(4));"
        "print(before == look())"
    )
    assert run_python(code) == "True\n"


def test_patches_of_scikeras_stay_for_who_has_imported_it():
    code = (
        "import keras, scikeras.wrappers;"
        "before = keras.Model.__reduce__;"
        "from skdl import KerasClassifier;"
        "print(before is keras.Model.__reduce__, before.__module__)"
    )
    assert run_python(code) == "True scikeras._saving_utils\n"
