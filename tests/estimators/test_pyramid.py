"""Pyramid: widths worked out by hand, ranges, and its fields as nested parameters."""

import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skdl import Pyramid
from tests.instances import small

# (neuron_pct, neuron_shrink, max_units, min_units, max_layers) -> widths
BY_HAND = {
    (0.2, 0.5, 1000, 20, 10): (200, 100, 50, 25),  # the next one, 12.5, is below 20
    (0.1, 0.5, 1000, 20, 10): (100, 50, 25),
    (1, 0.1, 1000, 10, 10): (1000, 100, 10),  # as wide as min_units is not below it
    (1, 0.1, 1000, 11, 10): (1000, 100),
    (0.5, 0.5, 100, 1, 10): (50, 25, 12, 6, 3, 1),  # 50, 25, 12.5, 6.25, 3.125, 1.56
    (0.5, 0.5, 100, 1, 3): (50, 25, 12),
    (0.05, 1, 100, 5, 4): (5, 5, 5, 5),
    (0.01, 0.5, 1000, 20, 10): (10,),  # the first layer is always there
    (0.001, 0.5, 10, 1, 10): (1,),
    (0.3, 0.9, 10, 3, 10): (3,),  # 2.7 is below 3
    (1, 1, 1, 1, 10): (1,) * 10,
    # what floats make 28.999999999999996 and 62.99999999999999
    (0.29, 0.5, 100, 20, 10): (29,),
    (0.09, 0.7, 1000, 50, 10): (90, 63),
    (0.09, 0.7, 1000, 63, 10): (90, 63),
}


@pytest.mark.parametrize("fields", BY_HAND, ids=str)
def test_widths_are_those_worked_out_by_hand(fields):
    assert Pyramid(*fields).layers() == BY_HAND[fields]


def test_fields_are_positional_or_named_and_have_the_documented_defaults():
    pyramid = Pyramid(0.1, neuron_shrink=0.5)
    assert pyramid.get_params() == {
        "neuron_pct": 0.1,
        "neuron_shrink": 0.5,
        "max_units": 1000,
        "min_units": 20,
        "max_layers": 10,
    }


def test_network_of_a_pyramid_is_that_of_its_widths(iris):
    X, y = iris
    pyramid = Pyramid(0.2, 0.5, max_units=40, min_units=2)
    expected = small(hidden_units=(8, 4, 2)).fit(X, y).predict_proba(X)
    estimator = small(hidden_units=pyramid).fit(X, y)
    assert_array_equal(estimator.predict_proba(X), expected)


def test_fields_are_nested_parameters():
    estimator = small(hidden_units=Pyramid())
    estimator.set_params(hidden_units__neuron_shrink=0.25, hidden_units__max_layers=2)
    assert estimator.get_params()["hidden_units__neuron_shrink"] == 0.25
    assert repr(estimator.hidden_units) == "Pyramid(max_layers=2, neuron_shrink=0.25)"
    twin = clone(estimator).set_params(hidden_units__max_layers=3)
    assert estimator.hidden_units.max_layers == 2
    assert twin.hidden_units.layers() == (100, 25)


@pytest.mark.parametrize(
    ("field", "value", "range_"),
    [
        ("neuron_pct", 0, "above 0 and up to 1"),
        ("neuron_pct", 1.01, "above 0 and up to 1"),
        ("neuron_pct", float("nan"), "above 0 and up to 1"),
        ("neuron_pct", "0.5", "above 0 and up to 1"),
        ("neuron_shrink", -0.5, "above 0 and up to 1"),
        ("neuron_shrink", 2, "above 0 and up to 1"),
        ("max_units", 0, "whole number of at least 1"),
        ("max_units", 10.5, "whole number of at least 1"),
        ("min_units", 0, "whole number of at least 1"),
        ("max_layers", 0, "whole number of at least 1"),
        ("max_layers", None, "whole number of at least 1"),
    ],
)
def test_field_out_of_range_is_refused_when_used(field, value, range_, iris):
    pyramid = Pyramid(**{field: value})  # __init__ only assigns, as clone needs
    message = f"^{field}={value!r} of Pyramid.*{range_}"
    with pytest.raises(ValueError, match=message):
        pyramid.layers()
    with pytest.raises(ValueError, match=message):
        small(hidden_units=pyramid).fit(*iris)


def test_value_for_each_layer_counts_the_layers_of_the_pyramid(iris):
    pyramid = Pyramid(0.2, 0.5, max_units=40, min_units=2)  # 8, 4, 2
    small(hidden_units=pyramid, dropout=(0.1, 0.1, 0.1), epochs=1).fit(*iris)
    with pytest.raises(ValueError, match=r"dropout=\(0.1,\) has 1 values for 3 hidden"):
        small(hidden_units=pyramid, dropout=(0.1,)).fit(*iris)
