"""Wrong calls are refused: the value, what was expected, and what to do about it."""

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer

from skdl import BaseWrapper, KerasClassifier, KerasRegressor
from skdl.exceptions import TrainingDivergedError
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    assert_same_weights,
    classes,
    classifier,
    known,
    known_regressor,
    numbers,
    prebuilt,
    regressor,
    two_heads,
)


def classify(model=known, loss=SPARSE, cls=KerasClassifier, **parameters):
    return cls(model, loss=loss, **{**QUICK, **parameters})


def regress(model=known_regressor, loss="mse", cls=KerasRegressor, **parameters):
    return cls(model, loss=loss, **{**QUICK, **parameters})


def data_of(estimator):
    return numbers() if isinstance(estimator, KerasRegressor) else classes()


def state_of(estimator):
    """What an estimator holds, by identity."""
    return {name: id(value) for name, value in vars(estimator).items()}


# -- wrong parameters, seen by fit -----------------------------------------------------


class WithMethod(KerasClassifier):
    """A wrapper with a network of its own."""

    def _keras_build_fn(self, meta):
        return classifier(meta)


class ListInputs(KerasRegressor):
    """A wrapper whose network takes a list of inputs."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(lambda X: [X])


def no_bar(foo=42):
    raise AssertionError("never called")


def needs_hidden(hidden, meta):
    return classifier(meta, hidden)


def returns_nothing():
    known()


SGD = keras.optimizers.SGD
PARAMETERS = {
    "model of a wrong type": (
        lambda: classify(42),
        TypeError,
        ["model=42", "callable", "keras.Model"],
    ),
    "no model": (
        lambda: classify(None),
        ValueError,
        ["model=None", "function", "_keras_build_fn"],
    ),
    "model and method": (
        lambda: classify(cls=WithMethod),
        ValueError,
        ["_keras_build_fn", "model", "known"],
    ),
    "function returns nothing": (
        lambda: classify(returns_nothing),
        TypeError,
        ["returns_nothing", "None", "keras.Model", "Return"],
    ),
    "unknown argument": (
        lambda: classify(no_bar, bar=42),
        TypeError,
        ["no_bar", "unexpected keyword argument 'bar'"],
    ),
    "unknown routed argument": (
        lambda: classify(no_bar, model__bar=42, foo=43),
        TypeError,
        ["no_bar", "unexpected keyword argument 'bar'"],
    ),
    "missing argument": (
        lambda: classify(needs_hidden),
        TypeError,
        ["needs_hidden", "missing", "'hidden'"],
    ),
    "no loss": (
        lambda: classify(loss=None),
        ValueError,
        ["loss=None", "provide a loss", "loss=..."],
    ),
    "no loss in a list": (
        lambda: regress(loss=[None]),
        ValueError,
        ["[None]", "provide a loss", "loss=..."],
    ),
    "no optimizer": (
        lambda: classify(optimizer=None),
        ValueError,
        ["optimizer", "None"],
    ),
    "unknown optimizer": (
        lambda: classify(optimizer="sgdd"),
        ValueError,
        ["optimizer", "sgdd"],
    ),
    "unknown loss": (lambda: regress(loss="msee"), ValueError, ["loss", "msee"]),
    "unknown metric": (
        lambda: classify(metrics=["accuracyy"]),
        ValueError,
        ["metric", "accuracyy"],
    ),
    "other loss than compiled": (
        lambda: classify(prebuilt(), loss="binary_crossentropy"),
        ValueError,
        ["loss='binary_crossentropy'", f"compiled with {SPARSE!r}"],
    ),
    "parameter for an optimizer that is built": (
        lambda: classify(optimizer=SGD(), optimizer__learning_rate=0.1),
        TypeError,
        ["learning_rate", "0.1", "class"],
    ),
    "parameter for a loss that is a function": (
        lambda: classify(loss__from_logits=True),
        TypeError,
        ["from_logits", "True", "class"],
    ),
    "unknown parameter of the optimizer": (
        lambda: classify(optimizer="sgd", optimizer__nonsense=1),
        (TypeError, ValueError),
        ["nonsense"],
    ),
    "unknown parameter of a callback": (
        lambda: classify(
            callbacks=keras.callbacks.EarlyStopping, callbacks__nonsense=1
        ),
        TypeError,
        ["nonsense"],
    ),
    "callback that is none": (
        lambda: classify(callbacks=[3]),
        TypeError,
        ["callbacks", "3", "keras.callbacks.Callback"],
    ),
    "two outputs": (
        lambda: regress(two_heads),
        ValueError,
        ["2 outputs", "target_encoder"],
    ),
    "batch of all rows of a list": (
        lambda: regress(cls=ListInputs, batch_size=-1),
        ValueError,
        ["batch_size=-1", "shape"],
    ),
    "empty batches": (lambda: classify(batch_size=0), ValueError, ["batch_size", "0"]),
    "negative batches": (
        lambda: classify(batch_size=-5),
        ValueError,
        ["batch_size", "-5"],
    ),
    "fewer epochs than none": (
        lambda: classify(epochs=-1),
        ValueError,
        ["epochs", "-1"],
    ),
    "half an epoch": (
        lambda: classify(epochs=1.5),
        (TypeError, ValueError),
        ["epochs", "1.5"],
    ),
    "fewer outputs than classes": (
        lambda: classify(lambda: known(2)),
        ValueError,
        ["3 classes", "2"],
    ),
    "one output for three classes": (
        lambda: classify(lambda: known(1, "sigmoid"), "binary_crossentropy"),
        ValueError,
        ["3 classes", "1"],
    ),
    "more outputs than targets": (
        lambda: regress(known_regressor, n_outputs=2),
        ValueError,
        ["2", "1"],
    ),
    "all rows for validation": (
        lambda: classify(validation_split=1.0),
        ValueError,
        ["validation_split", "1.0"],
    ),
    "more rows than there are": (
        lambda: classify(validation_split=1.5),
        ValueError,
        ["validation_split", "1.5"],
    ),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_wrong_parameters(case):
    make, error, words = PARAMETERS[case]
    estimator = make()
    before = state_of(estimator)
    with pytest.raises(error) as raised:
        estimator.fit(*data_of(estimator))
    missing = [word for word in words if word not in str(raised.value)]
    assert not missing, f"{missing} not in: {raised.value}"
    assert state_of(estimator) == before


# -- wrong parameters, seen by other methods -------------------------------------------


@pytest.mark.parametrize("make", [classify, regress])
def test_unknown_parameter(make):
    with pytest.raises(ValueError, match="nothing_like_this") as raised:
        make().set_params(nothing_like_this=3)
    for word in (type(make()).__name__, "nothing_like_this=3", "get_params"):
        assert word in str(raised.value)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_not_fitted(method):
    X, y = classes()
    given = (X, y) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match="KerasClassifier") as raised:
        getattr(classify(), method)(*given)
    assert "fit" in str(raised.value)


@pytest.mark.filterwarnings("ignore:The structure of .inputs.:UserWarning")
def test_batch_of_all_rows_of_a_list_in_predict():
    estimator = regress(cls=ListInputs, predict__batch_size=-1)
    with pytest.raises(ValueError, match=r"(?s)batch_size=-1.*shape"):
        estimator.fit(*numbers()).predict(numbers()[0])


def test_base_wrapper_has_no_score():
    estimator = BaseWrapper(known_regressor, loss="mse", **QUICK).fit(*numbers())
    with pytest.raises(NotImplementedError, match="Scoring is not implemented"):
        estimator.score(*numbers())


@pytest.mark.parametrize("keyword", ["epochs", "initial_epoch"])
def test_partial_fit_counts_by_itself(keyword):
    X, y = classes()
    for estimator in (classify(), classify().fit(X, y)):
        with pytest.raises(TypeError, match=f"{keyword}.*partial_fit"):
            estimator.partial_fit(X, y, **{keyword: 1})


def test_unknown_keyword_of_fit():
    with pytest.raises(TypeError, match="nonsense"):
        classify().fit(*classes(), nonsense=1)


# -- wrong rows, in fit ----------------------------------------------------------------

X0, Y0 = classes()
NUMBERS = numbers()[1]


def put(value, array, place):
    if array.dtype != object:
        array = array.astype(np.result_type(array, type(value)))
    array[place] = value
    return array


# -- rows that do not go with those of the first fit -----------------------------------

CHANGES = {
    "fewer columns": (X0[:, :3], Y0, ["3", "4"]),
    "more axes": (X0[:, :, None], Y0, ["3 dimensions", "2 dimensions", "Reshape"]),
    "floats after integers": (X0.astype("float64"), Y0, ["X", "float64", "int64"]),
    "other dtype of y": (None, Y0.astype("float64"), ["y", "float64", "int64"]),
    "more axes of y": (None, Y0[:, None], ["y", "2", "1"]),
    "other classes": (None, put(9, Y0, 3), ["9"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_rows_unlike_those_of_the_first_fit(case):
    X, y, words = CHANGES[case]
    first = np.round(4 * X0).astype("int64")
    if case in ("fewer columns", "more axes"):
        first = X0
    X = first if X is None else X
    estimator = classify().fit(first, Y0)
    before, weights = state_of(estimator), estimator.model_.get_weights()
    with pytest.raises(ValueError) as raised:
        estimator.partial_fit(X, y)
    missing = [word for word in words if word not in str(raised.value)]
    assert not missing, f"{missing} not in: {raised.value}"
    if y is Y0:
        with pytest.raises(ValueError):
            estimator.predict(X)
    assert state_of(estimator) == before
    for old, new in zip(weights, estimator.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_other_number_of_targets():
    X, y = numbers(2)
    estimator = regress(regressor).fit(X, y)
    with pytest.raises(ValueError, match=r"(?s)y.*3.*2"):
        estimator.partial_fit(X, np.column_stack([y, y[:, 0]]))


def test_other_kind_of_numbers_is_fine_where_nothing_is_lost():
    integers = np.round(4 * X0).astype("int64")
    estimator = classify().fit(integers, Y0)
    expected = estimator.predict_proba(integers)
    for dtype in ("int8", "int32"):
        same = estimator.predict_proba(integers.astype(dtype))
        np.testing.assert_allclose(same, expected, rtol=1e-6)
    for dtype in ("int8", "int32"):
        estimator.partial_fit(integers.astype(dtype), Y0.astype(dtype))
    assert estimator.current_epoch == 4
    estimator.fit(X0, Y0)  # float32
    expected = estimator.predict_proba(X0)
    same = estimator.predict_proba(X0.astype("float64"))
    np.testing.assert_allclose(same, expected, rtol=1e-6)
    estimator.predict(integers)


def test_fewer_outputs_than_targets():
    X, y = numbers(2)
    with pytest.raises(ValueError, match="output"):  # not 30 rows of predictions
        regress(known_regressor).fit(X, y)


# -- several outputs -------------------------------------------------------------------


def test_predictions_of_several_multiclass_outputs_need_an_encoder():
    X, y = classes()
    y = np.column_stack([y, y[::-1]])

    def build():
        return known(2, "relu")

    estimator = classify(build, loss="mse").fit(X, y)
    with pytest.raises(NotImplementedError, match="multiclass-multioutput") as raised:
        estimator.predict(X)
    assert "target_encoder" in str(raised.value)
    assert estimator.predict_proba(X).shape == (60, 2)


# -- training that fails ---------------------------------------------------------------


@pytest.mark.parametrize("run_eagerly", [False, True], ids=["engine", "keras"])
def test_diverged_training_leaves_the_estimator_as_it_was(run_eagerly):
    X, y = numbers()
    estimator = regress(optimizer="sgd", run_eagerly=run_eagerly).fit(X, y)
    before, model = state_of(estimator), estimator.model_
    weights = known_regressor()
    weights.set_weights(model.get_weights())
    estimator.set_params(epochs=20, optimizer__learning_rate=1e30)
    with pytest.raises(TrainingDivergedError, match="learning_rate=1e"):
        estimator.fit(X, y)
    after = state_of(estimator)
    assert {name: after[name] for name in before if name != "epochs"} == {
        name: value for name, value in before.items() if name != "epochs"
    }
    assert_same_weights(estimator.model_, weights)
    fresh = regress(optimizer="sgd", optimizer__learning_rate=1e30, epochs=20)
    with pytest.raises(TrainingDivergedError):
        fresh.fit(X, y)
    assert not fresh.initialized_


def test_callback_that_raises_leaves_the_estimator_as_it_was():
    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("broken callback")

    X, y = classes()
    estimator = classify(callbacks=[Broken()])
    with pytest.raises(RuntimeError, match="broken callback"):
        estimator.fit(X, y)
    assert not estimator.initialized_
    assert not hasattr(estimator, "classes_")
    assert estimator.set_params(callbacks=None).fit(X, y).initialized_
