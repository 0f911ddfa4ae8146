"""A fit beside Keras's own of the same network: same history, same weights."""

from tests.keras_wrappers._networks import (
    IN_ORDER,
    assert_same_history,
    assert_same_weights,
    keras_history,
)


def compare(estimator, oracle, X, y, keras_y=None, **kwargs):
    """Train both in the same order and compare them; the fitted estimator."""
    estimator.set_params(**IN_ORDER).fit(X, y, **kwargs)
    keras_y = y if keras_y is None else keras_y
    assert_same_history(estimator, keras_history(oracle, X, keras_y, **kwargs))
    assert_same_weights(estimator.model_, oracle)
    return estimator


def compare_with(trained, estimator, X, y):
    """The same with a network that Keras has trained already, and its history."""
    model, history = trained
    estimator.set_params(**IN_ORDER).fit(X, y)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)
    return estimator
