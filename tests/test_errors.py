"""Bad input gets one sentence with the value and the remedy, and harms nothing."""

import copy
import re
import traceback
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from tests.bad_input import CASES, mean_loss, put
from tests.instances import DEFAULTS, INSTANCES, RESNETS, small


def loss_with_a_mistake(y_true, y_pred):
    return y_true["no such key"]


@pytest.fixture(scope="module")
def first(iris):
    """Name -> a fitted estimator and its predictions."""
    X, y = iris
    fitted = {name: small(name, epochs=4).fit(X, y) for name in DEFAULTS}
    return {name: (e, e.predict(X)) for name, e in fitted.items()}


@pytest.fixture
def fitted(first, name):
    """A copy of the fitted estimator, and its predictions."""
    estimator, expected = first[name]
    return copy.copy(estimator), expected


def frames_of_others(error):
    """Files of Keras and TensorFlow in the traceback, as users see it."""
    chain = traceback.TracebackException.from_exception(error)
    text = "".join(chain.format())
    return re.findall(r"site-packages[/\\](keras|tensorflow)\b", text)


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [pytest.param(n, c, m, id=f"{n}-{k}") for n, k, c, m in CASES],
)
def test_one_sentence_and_the_earlier_fit_still_stands(call, message, fitted, iris):
    estimator, expected = fitted
    parameters = estimator.get_params(deep=False)
    state = {k: v for k, v in vars(estimator).items() if k not in parameters}
    with pytest.raises((ValueError, TypeError)) as caught:
        call(estimator, *iris)
    assert re.search(f"(?s){message}", str(caught.value)), str(caught.value)
    assert frames_of_others(caught.value) == []
    now = {k: v for k, v in vars(estimator).items() if k not in parameters}
    assert now.keys() == state.keys()
    assert all(now[key] is state[key] for key in state)
    assert_array_equal(estimator.predict(iris[0]), expected)


class Wrong:
    """What no parameter may be."""


@pytest.mark.parametrize("name", [*DEFAULTS, *RESNETS])
def test_every_parameter_is_checked_and_named(name, iris):
    parameters = INSTANCES[name]().get_params(deep=False)
    assert parameters.keys() == INSTANCES[name]()._parameter_constraints.keys()
    for parameter in parameters:
        estimator = small(name).set_params(**{parameter: Wrong()})
        with pytest.raises((ValueError, TypeError), match=rf"\b{parameter}\b"):
            estimator.fit(*iris)
        assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize("name", DEFAULTS)
def test_after_an_error_the_next_fit_is_as_the_first(fitted, iris):
    X, y = iris
    estimator, expected = fitted
    parameters = estimator.get_params(deep=False)
    for change in ({"loss": mean_loss}, {"learning_rate": 1e38}, {"activation": "x"}):
        with pytest.raises(ValueError):
            estimator.set_params(**change).fit(X, y)
        estimator.set_params(**parameters)
        assert_array_equal(estimator.fit(X, y).predict(X), expected)


def test_a_mistake_in_the_users_loss_is_shown_with_its_line(iris):
    message = "loss_with_a_mistake.*failed.*no such key.*keras.ops"
    with pytest.raises(ValueError, match=message) as caught:
        small(loss=loss_with_a_mistake).fit(*iris)
    shown = traceback.format_exception(caught.value)
    assert any('return y_true["no such key"]' in line for line in shown)


@pytest.mark.parametrize("method", ["predict", "score", "summary", "model_"])
@pytest.mark.parametrize("name", DEFAULTS)
def test_before_fit_everything_says_so(name, method, iris):
    arguments = {"predict": iris[:1], "score": iris}.get(method, ())
    with pytest.raises(NotFittedError, match=f"{name} instance is not fitted"):
        getattr(INSTANCES[name](), method)(*arguments)


@pytest.mark.parametrize("name", DEFAULTS)
def test_failed_first_fit_leaves_the_estimator_unfitted(name, iris):
    X, y = iris
    for call in (partial(small(name).fit, put(np.inf, X)), small(name, epochs=-1).fit):
        with pytest.raises(ValueError):
            call(y) if call.__class__ is partial else call(X, y)
        estimator = getattr(call, "func", call).__self__
        assert not hasattr(estimator, "n_features_in_")
        with pytest.raises(NotFittedError):
            estimator.predict(X)
