"""Search spaces: what short forms mean, codes and back, errors."""

import numpy as np
import pytest

from skdl.model_selection import Categorical, Integer, Real
from skdl.model_selection._spaces import Space, as_dimension


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ((0.0, 0.5), Real(0.0, 0.5)),
        ((0, 0.499), Real(0, 0.499)),
        ((1e-4, 0.1, "log-uniform"), Real(1e-4, 0.1, prior="log-uniform")),
        ((1, 10), Integer(1, 10)),
        ((np.int64(1), np.int64(10)), Integer(1, 10)),
        ((16, 512, "log-uniform"), Integer(16, 512, prior="log-uniform")),
        (range(2, 6), Integer(2, 5)),
        (range(0, 10, 4), Categorical([0, 4, 8])),
        ([16, 32], Categorical([16, 32])),
        ([0.1, 0.2], Categorical([0.1, 0.2])),
        ([True, False], Categorical([True, False])),
        ((True, False), Categorical([True, False])),
        ([(16, 32), (64,)], Categorical([(16, 32), (64,)])),
        (("relu", "selu"), Categorical(["relu", "selu"])),
        ((1, 2, 3), Categorical([1, 2, 3])),
        (["relu"], Categorical(["relu"])),
        ([None, "balanced"], Categorical([None, "balanced"])),
        (np.array([1.0, 2.0]), Categorical([1.0, 2.0])),
        (Real(0, 1), Real(0, 1)),
    ],
    ids=str,
)
def test_short_forms(spec, expected):
    assert as_dimension("p", spec) == expected
    assert type(as_dimension("p", spec)) is type(expected)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ((1, 0), ["(1, 0", "below the second", "set it on the estimator"]),
        ((3, 3), ["below the second"]),
        ((0, 0.1, "log-uniform"), ["above 0", "1e-05"]),
        ((-1.0, 1.0, "log-uniform"), ["above 0"]),
        ((0.0, np.inf), ["inf", "finite"]),
        ((0.0, float("nan")), ["nan", "finite"]),
        ((0.0, 1.0, "normal"), ["normal", "log-uniform"]),
        ([], ["no value", "at least one"]),
        (["a", "b", "a"], ["'a' twice"]),
        ("relu", ["'relu'", "(low, high)"]),
        (5, ["5", "a list of values"]),
        ({"low": 1}, ["low", "a list of values"]),
    ],
    ids=str,
)
def test_errors_name_parameter_value_and_remedy(spec, parts):
    with pytest.raises(ValueError) as info:
        Space({"net__rate": spec})
    for part in ["search_spaces['net__rate']", *parts]:
        assert part in str(info.value)


@pytest.mark.parametrize("spaces", [{}, None, [("x", (0, 1))], "x"], ids=repr)
def test_search_spaces_must_be_a_dict(spaces):
    with pytest.raises(ValueError, match="must be a dict from parameter names"):
        Space(spaces)


def test_integer_bounds_must_be_integers():
    with pytest.raises(ValueError, match=r"1\.5 must be an integer"):
        Integer(1.5, 3)
    with pytest.raises(ValueError, match="True must be a number"):
        Real(True, 3)


def test_categories_keep_their_type():
    """True is not 1, and values of an array come out as Python's own."""
    space = Space({"a": [True, 1, 1.0], "b": np.array([1, 2])})
    values = [space.params((i, 0))["a"] for i in range(3)]
    assert [type(v) for v in values] == [bool, int, float]
    assert type(space.params((0, 1))["b"]) is int
    assert space.point({"a": 1, "b": 2}) == (1, 1)


def test_nan_is_a_category_as_any_other():
    space = Space({"a": np.array([np.nan, 1.0])})
    assert space.point(space.params((0,))) == (0,)
    with pytest.raises(ValueError, match="twice"):
        Space({"a": [np.nan, float("nan")]})


def test_categories_may_be_unhashable_or_estimators():
    from sklearn.svm import SVC

    values = [[1, 2], {"a": 1}, SVC(), np.zeros(2), np.ones(2)]
    space = Space({"a": values})
    assert all(space.params((i,))["a"] is v for i, v in enumerate(values))


def test_uniform_units_give_every_integer_the_same_chance():
    units = np.linspace(0, 1, 100_001)[:-1]
    codes = [Integer(1, 5)._decode(u) for u in units]
    np.testing.assert_allclose(np.bincount(codes)[1:] / len(units), 0.2, atol=1e-3)


def test_log_uniform_gives_every_decade_the_same_chance():
    units = np.linspace(0, 1, 10_001)
    values = np.array([Real(1e-4, 1.0, "log-uniform")._decode(u) for u in units])
    counts, _ = np.histogram(np.log10(values), bins=[-4, -3, -2, -1, 0])
    np.testing.assert_allclose(counts / len(units), 0.25, atol=1e-3)
    assert (values >= 1e-4).all()
    assert values[[0, -1]] == pytest.approx([1e-4, 1.0])


DIMENSIONS = [
    Real(-3.0, 7.0),
    Real(1e-5, 1e3, "log-uniform"),
    Integer(-3, 8),
    Integer(1, 1000, "log-uniform"),
    Categorical(["a", "b", "c"]),
    Categorical([None]),
]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=repr)
def test_there_and_back(dimension):
    for unit in np.random.default_rng(0).random(200):
        code = dimension._decode(unit)
        columns = np.array([dimension._encode(code)])
        assert columns.shape == (1, dimension._width)
        assert (columns >= 0).all()
        assert (columns <= 1).all()
        assert dimension._code(dimension._value(code)) == code
        if dimension._width:
            assert dimension._from_columns(columns[0]) == pytest.approx(code)
            np.testing.assert_allclose(dimension._snapped(columns), columns)


def test_snapped_columns_are_those_of_existing_values():
    """Between two integers or categories there is nothing."""
    assert Integer(0, 3)._snapped([[0.49]]) == pytest.approx(0.375)  # that is one
    assert Categorical(["a", "b", "c"])._snapped([[0.2, 0.9, 0.8]]).tolist() == [
        [0, 1, 0]
    ]


def test_number_of_points():
    assert Space({"a": (1, 10), "b": [1, 2], "c": ["x"]}).n_points == 20
    assert Space({"a": (1, 10), "b": (0.0, 1.0)}).n_points == np.inf
