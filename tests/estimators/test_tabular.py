"""Estimators for tables: what they take, what they learn, what they answer."""

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logit
from sklearn.base import is_classifier
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler
from sklearn.utils import get_tags

from skdl import TabularClassifier, TabularRegressor
from tests.estimators.tables import CATEGORIES, NUMBERS, mixed_table
from tests.instances import INSTANCES, small

TABULAR = [name for name in INSTANCES if name.startswith("Tabular")]
everyone = pytest.mark.parametrize("name", TABULAR)
both = pytest.mark.parametrize("name", ["TabularClassifier", "TabularRegressor"])


def learner(name="TabularClassifier", **parameters):
    """A small one that learns something in few epochs."""
    return small(name, **{"epochs": 20, "learning_rate": 0.05, **parameters})


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


def labels(y):
    """Three labels of text, by a number."""
    return np.array(["low", "mid", "top"])[np.digitize(y, np.quantile(y, [0.3, 0.7]))]


def target(name, y):
    return labels(y) if name.startswith("TabularClassifier") else y


@pytest.fixture(scope="module")
def mixed():
    """240 rows of the mixed table, and a number for each."""
    return mixed_table(240)


@pytest.fixture(scope="module")
def fitted(mixed):
    """Name -> a small estimator fitted to the mixed table."""
    X, y = mixed
    names = ["TabularClassifier", "TabularRegressor"]
    return {name: learner(name).fit(X, target(name, y)) for name in names}


# -- what the defaults learn -----------------------------------------------------------

# name -> (data, kind, the score on rows set apart that is the least)
FLOORS = {
    "iris": (load_iris, TabularClassifier, 0.9),
    "breast cancer": (load_breast_cancer, TabularClassifier, 0.95),
    "diabetes": (load_diabetes, TabularRegressor, 0.35),
}


@pytest.mark.parametrize("table", FLOORS)
def test_defaults_learn(table):
    load, kind, floor = FLOORS[table]
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    assert kind(random_state=0).fit(X, y).score(X_test, y_test) > floor


@both
def test_defaults_learn_from_columns_of_all_kinds(name):
    X, y = mixed_table(400)
    y = target(name, y)
    train, test = slice(0, 300), slice(300, None)
    estimator = INSTANCES[name](random_state=0).fit(X[train], y[train])
    assert estimator.score(X[test], y[test]) > 0.75
    # without the cities, whose effects are learned vectors, it cannot be as good
    less = INSTANCES[name](random_state=0).fit(X[train].drop(columns="city"), y[train])
    lost = less.score(X[test].drop(columns="city"), y[test])
    assert lost < estimator.score(X[test], y[test]) - 0.05


def test_gap_is_told_from_any_number():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = rng.random(200) < 0.5
    X[y, 0] = np.nan
    assert learner().fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.95


def linear(kind):
    """A linear model after imputing, scaling and one-hot encoding."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((numbers, NUMBERS), (categories, CATEGORIES)), kind
    )


def boosting(kind):
    columns = make_column_transformer(
        ("passthrough", NUMBERS),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
    )
    return make_pipeline(columns, kind(random_state=0))


@pytest.mark.slow
@both
def test_defaults_are_level_with_boosting_and_better_than_a_line(name):
    X, y = mixed_table(1200)
    y = target(name, y)
    peers = {
        "TabularClassifier": [
            (linear(LogisticRegression(max_iter=1000)), 0.0),
            (boosting(HistGradientBoostingClassifier), -0.01),
        ],
        "TabularRegressor": [
            (linear(RidgeCV()), 0.03),
            (boosting(HistGradientBoostingRegressor), 0.0),
        ],
    }[name]
    plain = X.astype(dict.fromkeys(CATEGORIES, str)).astype(
        dict.fromkeys(NUMBERS, float)
    )
    score = cross_val_score(INSTANCES[name](random_state=0), X, y, cv=3).mean()
    for peer, advantage in peers:
        assert score > cross_val_score(peer, plain, y, cv=3).mean() + advantage


@pytest.mark.slow
@pytest.mark.parametrize("table", FLOORS)
def test_defaults_are_level_with_linear_models_on_small_tables(table):
    load, kind, _ = FLOORS[table]
    X, y = load(return_X_y=True)
    peer = LogisticRegression() if kind is TabularClassifier else RidgeCV()
    score, level = (
        cross_val_score(estimator, X, y, cv=5).mean()
        for estimator in (kind(random_state=0), make_pipeline(StandardScaler(), peer))
    )
    assert score > level - 0.02


# -- raw tables ------------------------------------------------------------------------


def test_encoded_columns_are_numbers_gaps_and_categories(fitted, mixed):
    X, _ = mixed
    estimator = fitted["TabularClassifier"]
    names = ["age", "size", "rooms", "age_missing", "rooms_missing"]
    names += [f"colour={c}" for c in ("blue", "green", "red")] + ["colour_missing"]
    names += ["kind=a", "kind=b", "kind_missing", "smoker=1"]
    names += ["member=0", "member=1", "member_missing", "city"]
    assert estimator.encoded_names_ == names
    encoded = pd.DataFrame(estimator.encode(X), columns=names)
    assert (encoded.dtypes == np.float32).all()
    assert np.isfinite(encoded).all(axis=None)
    assert_array_equal(encoded["age_missing"], X["age"].isna())
    assert_array_equal(encoded["colour=red"], X["colour"] == "red")
    assert_array_equal(encoded["kind_missing"], X["kind"].isna())
    assert_array_equal(encoded["smoker=1"], np.where(X["smoker"], 1, -1))
    assert_array_equal(encoded["member=1"], X["member"].fillna(False))
    by_city = encoded.groupby(X["city"].to_numpy())["city"]
    assert (by_city.nunique() == 1).all()
    assert by_city.first().nunique() == X["city"].nunique()


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_numbers_are_scaled_as_said(scaling, iris):
    X, y = iris
    X = X + np.random.default_rng(0).uniform(0, 1e-3, X.shape)  # quartiles by all rules
    expected = X
    if scaling == "standard":
        expected = StandardScaler().fit_transform(X)
    elif scaling == "robust":
        expected = RobustScaler().fit_transform(X)
        expected = expected / np.sqrt(1 + (expected / 3) ** 2)
    estimator = small(input_scaling=scaling, name="TabularClassifier", dtype="float64")
    atol = 0.02 if scaling == "robust" else 1e-10  # of quartiles between two rows
    assert_allclose(estimator.fit(X, y).encode(X), expected, atol=atol)


@pytest.mark.parametrize(
    ("max_one_hot", "n_columns", "n_learned"), [(3, 1, 1), (4, 4, 0), (0, 1, 1)]
)
def test_columns_of_many_categories_are_learned_vectors(
    max_one_hot, n_columns, n_learned
):
    X = pd.DataFrame({"c": [*"aabbccdd"] * 4})
    y = np.arange(32) % 3
    estimator = small(
        "TabularClassifier", epochs=1, max_one_hot=max_one_hot, hidden_units=()
    ).fit(X, y)
    assert estimator.encode(X).shape == (32, n_columns)
    vectors = n_learned * 16 * 8  # five are needed, for each category and for others
    inputs = 8 if n_learned else n_columns
    assert estimator.n_parameters_ == 4 * (vectors + (inputs + 1) * 3)


CHOICES = {
    "names": ["c", "d"],
    "numbers": [1, 2],
    "mask": [False, True, True],
    "array": np.array([1, 2]),
    "Index": pd.Index(["c", "d"]),
}


@pytest.fixture(scope="module")
def numbered():
    """Three columns of numbers, two of which are rather categories."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60)})
    X["c"], X["d"] = rng.integers(3, size=60), rng.integers(10, size=60)
    return X, np.isin(X["c"], [0, 2]) ^ (X["d"] % 2 == 1)


@pytest.mark.parametrize("choice", CHOICES)
def test_categories_are_chosen_in_every_way_alike(choice, numbered):
    X, y = numbered
    chosen = small("TabularClassifier", categorical_features=CHOICES[choice]).fit(X, y)
    assert chosen.encoded_names_ == ["a", "c=0", "c=1", "c=2", "d"]
    typed = X.astype({"c": "category", "d": "str"})  # digits have the same order
    by_dtype = small("TabularClassifier").fit(typed, y)
    assert_array_equal(chosen.predict_proba(X), by_dtype.predict_proba(typed))
    if choice not in ("names", "Index"):
        array = X.to_numpy()
        again = chosen.fit(array, y).predict_proba(array)
        assert_array_equal(again, by_dtype.predict_proba(typed))


def test_no_categories_means_numbers(numbered):
    X, y = numbered
    typed = X.astype({"c": "category"})
    estimator = small("TabularClassifier", categorical_features=None).fit(typed, y)
    assert estimator.encoded_names_ == ["a", "c", "d"]
    assert_array_equal(
        estimator.predict_proba(typed),
        small("TabularClassifier").fit(X, y).predict_proba(X),
    )


def test_frame_and_array_give_the_same_bits(mixed):
    X, y = mixed
    X = X[["age", "size", "city", "colour", "kind"]]  # booleans of an array are 0 and 1
    frame = small("TabularRegressor").fit(X, y)
    X = X.to_numpy(object)
    array = small("TabularRegressor").fit(X, y)
    assert array.encoded_names_[:3] == ["x0", "x1", "x0_missing"]
    assert_array_equal(
        array.predict(X),
        frame.predict(pd.DataFrame(X, columns=frame.feature_names_in_)),
    )
    assert_array_equal(
        small("TabularRegressor").fit(X.tolist(), y).predict(X), array.predict(X)
    )


OTHER_DTYPES = {
    "objects": lambda X: X.astype(object),
    "text as categories": lambda X: X.astype(
        dict.fromkeys(["city", "kind"], "category")
    ),
    "categories as text": lambda X: X.astype({"colour": object}),
    "nullable": lambda X: X.convert_dtypes(),
    "None for gaps": lambda X: X.astype(object).where(X.notna(), None),
    "another index": lambda X: X.set_index(np.arange(len(X))[::-1]),
    "other order of categories": lambda X: X.assign(
        colour=X["colour"].cat.reorder_categories(["blue", "red", "green"])
    ),
}


@pytest.mark.parametrize("dtypes", OTHER_DTYPES)
def test_dtypes_of_the_same_values_give_the_same_bits(dtypes, fitted, mixed):
    X, y = mixed
    expected = fitted["TabularRegressor"].predict(X)
    X = OTHER_DTYPES[dtypes](X)
    assert_array_equal(fitted["TabularRegressor"].predict(X), expected)
    assert_array_equal(learner("TabularRegressor").fit(X, y).predict(X), expected)


@pytest.mark.parametrize("rows", [slice(None), slice(5)], ids=["all", "five"])
def test_categories_of_the_dtype_have_their_columns_if_they_occur_or_not(rows, mixed):
    X, y = mixed
    colour = X["colour"].fillna("red").cat.add_categories(["pink", "black"])
    X, y = pd.DataFrame({"colour": colour})[rows], y[rows]
    estimator = small("TabularRegressor").fit(X, y)
    names = [f"colour={c}" for c in ("black", "blue", "green", "pink", "red")]
    assert estimator.encoded_names_ == names
    for unseen in ("pink", "black"):  # nothing is known about them
        row = pd.DataFrame({"colour": [unseen]}).astype(X.dtypes)
        assert_array_equal(estimator.encode(row), np.zeros((1, 5)))


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_give_the_same_bits(library, mixed):
    module = pytest.importorskip(library)
    X, y = mixed
    X = X[["age", "rooms", "city", "colour", "smoker"]]
    columns = {name: X[name].astype(object).where(X[name].notna(), None) for name in X}
    make = module.DataFrame if library == "polars" else module.table
    other = make({name: column.tolist() for name, column in columns.items()})
    expected = small("TabularRegressor").fit(X, y).predict(X)
    assert_array_equal(small("TabularRegressor").fit(other, y).predict(other), expected)


@both
def test_gap_that_training_had_none_of_counts_as_the_median(name, fitted, mixed):
    X, _ = mixed
    estimator = fitted[name]
    assert not X["size"].isna().any()
    filled, gaps = X[:20].copy(), X[:20].copy()
    gaps["size"] = np.nan
    filled["size"] = X["size"].quantile(interpolation="lower")
    assert_array_equal(outputs(estimator, gaps), outputs(estimator, filled))


@both
def test_unseen_categories_are_all_alike(name, fitted, mixed):
    X, _ = mixed
    estimator = fitted[name]
    first, second = X[:20].copy(), X[:20].copy()
    for column in ("city", "colour", "kind"):
        first[column], second[column] = "new", "newer"
    assert_array_equal(outputs(estimator, first), outputs(estimator, second))
    encoded = pd.DataFrame(estimator.encode(first), columns=estimator.encoded_names_)
    unseen = encoded.filter(regex="^(colour|kind|city)")
    assert_array_equal(unseen, np.zeros_like(unseen))


def test_category_of_a_single_row_is_as_an_unseen_one(mixed):
    X, y = mixed
    X = X.assign(city=X["city"].where(X.index != 7, "Ulm"))
    estimator = small("TabularRegressor").fit(X, y)
    row, other = X[7:8], X[7:8].assign(city="Aalen")
    assert_array_equal(estimator.predict(row), estimator.predict(other))
    assert estimator.predict(row) != estimator.predict(row.assign(city="city 00"))


def test_validation_rows_may_hold_gaps_and_new_categories(mixed):
    X, y = mixed
    X_val = X[200:].assign(size=None, city="elsewhere", colour="pink")
    estimator = small("TabularRegressor").fit(
        X[:200], y[:200], X_val=X_val, y_val=y[200:]
    )
    assert np.isfinite(estimator.history_["val_loss"]).all()


def test_tags_say_what_it_takes():
    for kind in (TabularClassifier, TabularRegressor):
        tags = get_tags(kind()).input_tags
        assert tags.allow_nan
        assert tags.categorical
        assert tags.string
        assert tags.sparse


# -- odd tables ------------------------------------------------------------------------


@both
@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows_are_enough(name, n_rows, iris):
    X, y = iris[0][::60][:n_rows], iris[1][::60][:n_rows]
    estimator = small(name).fit(X, y)
    assert np.isfinite(outputs(estimator, iris[0])).all()
    assert set(estimator.predict(X)) <= set(y) or name == "TabularRegressor"


@both
def test_constant_and_empty_columns_change_nothing_in_the_others(name, data_for):
    X, y = data_for(INSTANCES[name]())
    n = len(X)
    odd = np.column_stack([X, np.full(n, 7.5), np.full(n, np.nan)])
    estimator = small(name, dtype="float64").fit(odd, y)
    encoded = estimator.encode(odd)
    n_columns = X.shape[1]
    assert_array_equal(encoded[:, n_columns : n_columns + 2], np.zeros((n, 2)))
    assert_array_equal(
        encoded[:, :n_columns], small(name, dtype="float64").fit(X, y).encode(X)
    )
    assert np.isfinite(outputs(estimator, odd)).all()


@both
def test_nothing_but_constants_predicts_the_mean(name, data_for):
    X, y = data_for(INSTANCES[name]())
    estimator = learner(name, epochs=60, weight_decay=0.0).fit(np.ones_like(X), y)
    expected = np.full(3, 1 / 3) if name == "TabularClassifier" else y.mean()
    predicted = outputs(estimator, np.ones_like(X[:1]))[0]
    assert_allclose(predicted, expected, rtol=0.1)


def test_far_more_columns_than_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 1000))
    y = rng.normal(size=24)
    estimator = small("TabularRegressor").fit(X, y)
    assert estimator.n_parameters_ == 4 * (1001 * 8 + 9)  # no embeddings of so many
    assert np.isfinite(estimator.predict(X)).all()


@both
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_units_of_the_inputs_do_not_matter(name, scale, data_for):
    X, y = data_for(INSTANCES[name]())
    expected = outputs(small(name).fit(X, y), X)
    # a power of two changes no bit
    other = X * 2.0 ** np.round(np.log2(scale))
    assert_array_equal(outputs(small(name).fit(other, y), other), expected)


def test_an_outlier_moves_nothing_but_itself(iris):
    X, y = iris
    X = X.copy()
    expected = small("TabularClassifier").fit(X, y).encode(X)
    X[X[:, 2].argmax(), 2] = 1e300
    encoded = small("TabularClassifier").fit(X, y).encode(X)
    changed = encoded != expected
    assert changed.sum() == 1
    assert_allclose(encoded[changed], 3)


def test_outlier_at_prediction_is_drawn_in(iris):
    X, y = iris
    estimator = small("TabularClassifier").fit(X, y)
    far, farther = X[:5].copy(), X[:5].copy()
    far[:, 1], farther[:, 1] = 1e12, 1e308
    assert_array_equal(estimator.predict_proba(far), estimator.predict_proba(farther))


def test_one_class_among_frames(mixed):
    X, _ = mixed
    for parameters in ({}, {"calibrate": True}):
        estimator = small("TabularClassifier", **parameters).fit(X, ["a"] * len(X))
        assert estimator.predict(X[:3]).tolist() == ["a"] * 3
        assert_array_equal(estimator.predict_proba(X[:3]), np.ones((3, 1)))
        assert_array_equal(np.asarray(estimator.model_(estimator.encode(X))), 1.0)


# -- weights ---------------------------------------------------------------------------


@both
def test_weights_are_repeated_rows_of_a_mixed_table(name):
    X, y = mixed_table(40, seed=3)
    y = target(name, y)
    weight = np.random.default_rng(0).integers(0, 4, 40)
    repeated = np.repeat(np.arange(40), weight)
    assert len(repeated) <= 64  # one batch, in which equal rows are one
    twice = small(name).fit(X.iloc[repeated], y[repeated])
    weighted = small(name).fit(X, y, weight)
    assert weighted.encoded_names_ == twice.encoded_names_
    assert_array_equal(outputs(weighted, X), outputs(twice, X))
    assert weighted.history_ == twice.history_


@both
def test_category_of_rows_of_weight_zero_is_unseen(name, mixed):
    X, y = mixed
    y = target(name, y)
    weight = np.where(np.arange(len(X)) < 10, 0.0, 1.0)
    spoilt = X.assign(city=X["city"].where(weight > 0, "Ulm"), size=X["size"])
    spoilt.loc[weight == 0, "colour"] = None
    spoilt.loc[weight == 0, "age"] = 1e9
    expected = small(name).fit(X[10:], y[10:])
    estimator = small(name).fit(spoilt, y, weight)
    assert estimator.encoded_names_ == expected.encoded_names_
    assert_array_equal(outputs(estimator, X[10:]), outputs(expected, X[10:]))


@both
def test_weights_change_the_answer_towards_heavy_rows(name, mixed):
    X, y = mixed
    heavy = np.arange(len(X)) % 2 == 0
    contrary = np.where(heavy, y, -y)  # rows of even and of odd number disagree
    y = target(name, contrary)
    for rows in (heavy, ~heavy):
        estimator = learner(name).fit(X, y, np.where(rows, 50.0, 1.0))
        assert estimator.score(X[rows], y[rows]) > estimator.score(X[~rows], y[~rows])


# -- answers ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers(iris, binary, multilabel):
    """Kind of targets -> an estimator, X and y."""
    data = {"binary": binary, "three": iris, "labels": multilabel}
    return {kind: (learner().fit(X, y), X, y) for kind, (X, y) in data.items()}


KINDS = pytest.mark.parametrize("kind", ["binary", "three", "labels"])


@KINDS
def test_probabilities_are_the_mean_over_the_networks(kind, answers):
    estimator, X, y = answers[kind]
    of_members = estimator.member_predictions(X)
    n_classes = {"binary": 2, "three": 3, "labels": 3}[kind]
    assert of_members.shape == (4, len(X), n_classes)
    assert of_members.dtype == np.float64
    proba = estimator.predict_proba(X)
    assert_allclose(proba, of_members.mean(axis=0), rtol=1e-12)
    if kind != "labels":
        assert_allclose(of_members.sum(axis=2), 1, rtol=1e-12)
        assert np.abs(proba.sum(axis=1) - 1).max() < 1e-15
    assert (estimator.predict(X) == y).mean() > 0.9


@KINDS
def test_decisions_are_the_logs_of_mean_probabilities(kind, answers):
    estimator, X, _ = answers[kind]
    proba, decision = estimator.predict_proba(X), estimator.decision_function(X)
    if kind == "three":
        assert_allclose(decision, np.log(proba), atol=1e-12)
        predicted = estimator.classes_[decision.argmax(axis=1)]
    elif kind == "binary":
        assert_allclose(decision, logit(proba[:, 1]), rtol=1e-9)
        predicted = estimator.classes_[(decision > 0).astype(int)]
    else:
        assert_allclose(decision, logit(proba), rtol=1e-9)
        predicted = (decision > 0).astype(int)
    assert_array_equal(estimator.predict(X), predicted)


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_numbers_are_mean_and_deviation_over_the_networks(n_outputs, clip, diabetes):
    X, y = diabetes
    y = y if n_outputs is None else y[:, None] * np.arange(1, n_outputs + 1)
    estimator = learner("TabularRegressor", clip_predictions=clip).fit(X, y)
    shape = (150,) if n_outputs in (None, 1) else (150, n_outputs)
    of_members = estimator.member_predictions(X)
    assert of_members.shape == (4, *shape)
    assert of_members.dtype == np.float64
    mean, std = estimator.predict(X, return_std=True)
    assert_array_equal(mean, np.mean(of_members, axis=0))
    assert_array_equal(std, np.std(of_members, axis=0))
    assert_array_equal(estimator.predict(X), mean)
    assert (std > 0).all()


def test_deviation_grows_where_training_rows_are_few():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.sin(2 * X).sum(axis=1)
    estimator = learner("TabularRegressor", clip_predictions=False).fit(X, y)
    near, far = (estimator.predict(s * X, return_std=True)[1].mean() for s in (1, 3))
    assert far > 1.5 * near


@both
def test_one_network_differs_from_itself_by_nothing(name, data_for):
    X, y = data_for(INSTANCES[name]())
    estimator = small(name, n_members=1).fit(X, y)
    of_members = estimator.member_predictions(X)
    assert of_members.shape[:2] == (1, 150)
    assert_allclose(of_members[0], outputs(estimator, X), rtol=1e-12)
    if name == "TabularRegressor":
        assert_array_equal(estimator.predict(X, return_std=True)[1], np.zeros(150))


# -- the range of predictions ----------------------------------------------------------


@pytest.fixture(scope="module")
def line():
    """y = 2 x, and rows far outside."""
    X = np.linspace(-1, 1, 60)[:, None]
    return X, 2 * X[:, 0], np.array([[-50.0], [50.0]])


STRAIGHT = {
    "hidden_units": (),
    "input_scaling": None,
    "numeric_embedding": None,
    "weight_decay": 0.0,
    "learning_rate": 0.1,
    "epochs": 200,
}


def test_predictions_stay_within_the_range_of_y(line):
    X, y, far = line
    estimator = small("TabularRegressor", **STRAIGHT).fit(X, y)
    assert_array_equal(estimator.member_predictions(far), [[-2, 2]] * 4)
    assert_array_equal(np.asarray(estimator.model_(far))[:, 0], [-2, 2])
    free = estimator.set_params(clip_predictions=False).fit(X, y)
    assert_allclose(free.predict(far), [-100, 100], rtol=0.1)
    assert_allclose(np.asarray(free.model_(far))[:, 0], free.predict(far), rtol=1e-5)


def test_range_is_that_of_each_column(line):
    X, y, far = line
    Y = np.column_stack([y, 100 - 7 * y, np.full(60, 3.0)])
    estimator = small("TabularRegressor", **STRAIGHT).fit(X, Y)
    expected = [[-2, 114, 3], [2, 86, 3]]
    assert_allclose(estimator.predict(far), expected, rtol=1e-12)
    assert_allclose(np.asarray(estimator.model_(far)), expected, rtol=1e-5)


def test_range_grows_with_the_rows_that_come_later(line):
    X, y, far = line
    estimator = small("TabularRegressor", **STRAIGHT)
    for _ in range(100):
        estimator.partial_fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
    assert_array_equal(estimator.predict(far), [-2, 2])
    assert_allclose(estimator.predict(X[[0, -1]]), y[[0, -1]], atol=0.3)


# -- embeddings of numbers -------------------------------------------------------------


def has_waves(estimator):
    network = estimator.model_.get_layer("member_1").get_layer("tabular_network")
    return "periodic" in [layer.name for layer in network.layers]


@pytest.mark.parametrize(
    ("name", "how", "n_columns", "expected"),
    [
        ("TabularClassifier", "auto", 5, False),
        ("TabularRegressor", "auto", 5, True),
        ("TabularRegressor", "auto", 100, True),
        ("TabularRegressor", "auto", 101, False),
        ("TabularClassifier", "periodic", 5, True),
        ("TabularRegressor", "periodic", 101, True),
        ("TabularRegressor", None, 5, False),
    ],
)
def test_auto_embeds_numbers_of_regressors_up_to_100_columns(
    name, how, n_columns, expected
):
    X = np.random.default_rng(0).normal(size=(30, n_columns))
    y = np.arange(30) % 2
    estimator = small(name, epochs=1, n_members=1, numeric_embedding=how).fit(X, y)
    assert has_waves(estimator) == expected


def test_numbers_of_few_values_are_not_embedded(diabetes):
    X, y = diabetes
    X = np.column_stack([X[:, 0], np.arange(150) % 10, np.arange(150) % 11])
    estimator = small("TabularRegressor", n_members=1, hidden_units=()).fit(X, y)
    of_embedding = 2 * (8 + 8 + 8 * 3 + 3)
    assert estimator.n_parameters_ == of_embedding + (3 + 2 * 3 + 1)


def test_frequency_scale_is_that_of_initial_weights():
    X = np.random.default_rng(0).normal(size=(30, 60))
    estimator = small("TabularRegressor", frequency_scale=5.0, optimizer="sgd")
    estimator.set_params(n_members=1, epochs=1, learning_rate=1e-9, weight_decay=0.0)
    estimator.fit(X, X[:, 0])
    network = estimator.model_.get_layer("member_1").get_layer("tabular_network")
    frequencies = network.get_layer("periodic").get_weights()[0]
    assert_allclose(frequencies.std(), 5, rtol=0.1)


# -- the Keras model -------------------------------------------------------------------


@everyone
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own
def test_model_predicts_from_encoded_rows_and_is_saved(name, mixed, tmp_path):
    X, y = mixed
    X = X if name != "TabularRegressor-linear" else X.assign(size=np.log(X["size"]))
    few = {"epochs": 2, "n_members": 2} if "-" not in name else {"epochs": 2}
    estimator = INSTANCES[name](**few, random_state=0).fit(X, target(name, y))
    expected = outputs(estimator, X)
    model, encoded = estimator.model_, estimator.encode(X)
    assert isinstance(model, keras.Model)
    assert model.input_shape == (None, len(estimator.encoded_names_))
    if name == "TabularRegressor":
        predicted = model.predict(encoded, verbose=0)
    else:  # the same without a graph, which takes a while to trace
        predicted = np.asarray(model(encoded))
    predicted = predicted.reshape(expected.shape)
    assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_allclose(np.asarray(loaded(encoded)), np.asarray(model(encoded)), rtol=1e-5)


@KINDS
@pytest.mark.parametrize("calibrate", [False, True])
def test_model_gives_probabilities_of_every_kind_of_target(kind, calibrate, answers):
    estimator, X, y = answers[kind]
    if calibrate:
        estimator = learner(calibrate=True).fit(X, y)
        assert estimator.temperature_ != 1
    proba = estimator.predict_proba(X)
    proba = proba[:, 1:] if kind == "binary" else proba
    predicted = estimator.model_(estimator.encode(X))
    assert_allclose(np.asarray(predicted), proba, rtol=1e-4, atol=1e-6)


def test_model_of_several_numbers_is_in_their_units(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, 1e6 * y, 1e-3 * X[:, 2]])
    estimator = small("TabularRegressor", n_members=2, dtype="float64").fit(X, Y)
    predicted = np.asarray(estimator.model_(estimator.encode(X)))
    # Keras has the constants of its layers in float32
    difference = predicted - estimator.predict(X)
    assert (np.abs(difference) < 1e-6 * Y.std(axis=0)).all()


def test_model_knows_the_range_of_numbers_far_from_zero(diabetes):
    X, y = diabetes
    estimator = small("TabularRegressor", n_members=2, dtype="float64")
    estimator.fit(X, 1e6 + y)
    predicted = np.asarray(estimator.model_(estimator.encode(X)))[:, 0]
    assert_allclose(predicted, estimator.predict(X), atol=1.0)


def test_model_is_a_copy(fitted, mixed):
    X, _ = mixed
    estimator = fitted["TabularRegressor"]
    expected = estimator.predict(X)
    for variable in estimator.model_.trainable_variables:
        variable.assign(keras.ops.zeros_like(variable))
    assert_array_equal(estimator.predict(X), expected)


# -- attributes ------------------------------------------------------------------------


@everyone
def test_attributes_agree_with_each_other(name, mixed):
    X, y = mixed
    X = X if name != "TabularRegressor-linear" else X.assign(size=np.log(X["size"]))
    estimator = INSTANCES[name](epochs=4, random_state=0).fit(X, target(name, y))
    assert estimator.n_features_in_ == 8
    assert estimator.feature_names_in_.tolist() == X.columns.tolist()
    model = estimator.model_
    weights = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert estimator.n_parameters_ == weights
    assert len(estimator.member_histories_) == estimator.n_members
    assert len(estimator.member_best_epochs_) == estimator.n_members
    estimator.summary()


def test_numbers_of_weights_are_those_counted_by_hand(iris):
    one = (4 + 1) * 8 + (8 + 1) * 3
    for n_members in (1, 4):
        estimator = small("TabularClassifier", epochs=1, n_members=n_members)
        assert estimator.fit(*iris).n_parameters_ == n_members * one


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_before_fit_everything_says_so(kind, iris):
    message = f"{kind.__name__} instance is not fitted"
    for method in ("encode", "member_predictions"):
        with pytest.raises(NotFittedError, match=message):
            getattr(kind(), method)(iris[0])
    with pytest.raises(NotFittedError, match=message):
        kind().encoded_names_  # noqa: B018
    assert not hasattr(kind(), "encoded_names_")


@both
def test_second_fit_starts_from_scratch(name, fitted, mixed):
    X, y = mixed
    y = target(name, y)
    expected, history = outputs(fitted[name], X), fitted[name].history_
    estimator = learner(name).fit(X[::2].drop(columns=["age", "kind"]), y[::2])
    assert estimator.n_features_in_ == 6
    assert_array_equal(outputs(estimator.fit(X, y), X), expected)
    assert estimator.history_ == history


@both
def test_answers_in_another_process_are_the_same_bits(name, fitted, mixed):
    X, y = mixed
    jobs = [
        joblib.delayed(outputs)(fitted[name], X),
        joblib.delayed(refitted)(name, X, target(name, y)),
    ]
    for result in joblib.Parallel(n_jobs=2)(jobs):
        assert_array_equal(result, outputs(fitted[name], X))


def refitted(name, X, y):
    return outputs(learner(name).fit(X, y), X)


def test_scores_of_two_jobs_are_those_of_one(mixed):
    X, y = mixed
    one, two = (
        cross_val_score(learner("TabularRegressor"), X, y, cv=3, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    assert_array_equal(one, two)
