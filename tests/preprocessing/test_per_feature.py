"""A wrapped transformer does to steps of sequences what it does to rows of a table."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl.preprocessing import PerFeature, to_sequences

N, STEPS, FEATURES = 20, 6, 3
LENGTHS = np.arange(N) % STEPS + 1


def sequences(n=N, steps=STEPS):
    scale = np.array([1.0, 10.0, 0.1])
    return np.random.default_rng(0).normal(3, scale, (n, steps, FEATURES))


def ragged():
    return [x[:length] for x, length in zip(sequences(), LENGTHS, strict=True)]


def padded():
    X = sequences()
    X[np.arange(STEPS) >= LENGTHS[:, np.newaxis]] = np.nan
    return X


def stacked(X):
    """The rows that a transformer should see."""
    X = np.concatenate(X)
    return X[~np.isnan(X).all(axis=1)]


def flattened():
    return FunctionTransformer(lambda X: X.reshape(len(X), -1))


@pytest.mark.filterwarnings("ignore:Skipping check check_array_api_input")
@parametrize_with_checks(
    [PerFeature(t) for t in (StandardScaler(), MinMaxScaler(), PolynomialFeatures())]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# -- the same as on a table ------------------------------------------------------------

TRANSFORMERS = {
    "StandardScaler": StandardScaler(),
    "PCA": PCA(2),
    "pipeline": make_pipeline(StandardScaler(), PCA(2, whiten=True)),
    "PolynomialFeatures": PolynomialFeatures(),
    "sparse": KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"),
    "some features": make_column_transformer(
        (StandardScaler(), [1]), remainder="passthrough"
    ),
}
of_transformers = pytest.mark.parametrize("name", TRANSFORMERS)
of_forms = pytest.mark.parametrize(
    "form", [sequences, padded, ragged], ids=lambda f: f.__name__
)


def rows_by_hand(transformer, X, method="fit_transform"):
    rows = getattr(transformer, method)(stacked(X))
    return rows.toarray() if hasattr(rows, "toarray") else rows


@of_forms
@of_transformers
def test_steps_are_the_rows_of_a_table(name, form):
    X, transformer = form(), TRANSFORMERS[name]
    expected = rows_by_hand(clone(transformer), X)
    per_feature = PerFeature(transformer)
    for result in (per_feature.fit_transform(X), per_feature.fit(X).transform(X)):
        assert isinstance(result, list) == isinstance(X, list)
        assert [len(x) for x in result] == [len(x) for x in X]
        assert_allclose(stacked(result), expected)
    if form is padded:
        after = np.isnan(padded()[..., 0])
        assert np.isnan(result[after]).all()
        assert not np.isnan(result[~after]).any()


@of_forms
@pytest.mark.parametrize("name", ["StandardScaler", "sparse"])
def test_inverse_transform_is_that_of_rows(name, form):
    X, per_feature = form(), PerFeature(TRANSFORMERS[name])
    back = per_feature.inverse_transform(per_feature.fit_transform(X))
    fitted = clone(TRANSFORMERS[name]).fit(stacked(X))
    expected = rows_by_hand(fitted, X, "transform")
    assert_allclose(stacked(back), fitted.inverse_transform(expected))
    assert [x.shape for x in back] == [x.shape for x in X]
    if name == "StandardScaler":
        assert_allclose(stacked(back), stacked(X))


def test_two_axes_are_steps_of_one_feature():
    X = sequences()[..., 0]
    per_feature = PerFeature(StandardScaler()).fit(X)
    scaled = per_feature.transform(X)
    assert_allclose(scaled, (X - X.mean()) / X.std())
    assert_allclose(per_feature.inverse_transform(scaled), X)
    assert per_feature.n_features_in_ == STEPS
    frame = pd.DataFrame(X, columns=list("abcdef"))
    assert_array_equal(PerFeature(StandardScaler()).fit_transform(frame), scaled)
    with_axis = PerFeature(StandardScaler()).fit_transform(X[..., np.newaxis])
    assert_array_equal(with_axis[..., 0], scaled)
    as_list = PerFeature(StandardScaler()).fit_transform(list(X))
    assert_array_equal(np.stack(as_list)[..., 0], scaled)


def test_two_axes_become_three_for_several_features():
    X = sequences()[..., 0]
    per_feature = PerFeature(PolynomialFeatures(3, include_bias=False))
    assert_allclose(per_feature.fit_transform(X), np.stack([X, X**2, X**3], axis=-1))
    assert list(per_feature.get_feature_names_out()) == ["x0", "x0^2", "x0^3"]
    codes = np.array([[0, 1, 2], [2, 2, 0]])
    encoder = PerFeature(OneHotEncoder())
    one_hot = encoder.fit_transform(codes)
    assert_array_equal(one_hot, np.eye(3)[codes])
    assert_array_equal(encoder.inverse_transform(one_hot), codes)


def test_length_may_be_another_than_in_training():
    X = sequences()
    per_feature = PerFeature(StandardScaler()).fit(X)
    scaled = per_feature.transform(X)
    assert_allclose(per_feature.transform(X[:, :2]), scaled[:, :2])
    assert_allclose(per_feature.transform([X[3, :4]])[0], scaled[3, :4])
    one_feature = PerFeature(StandardScaler()).fit(X[..., 0])  # two axes in training
    expected = one_feature.transform(X[..., 0])
    assert_allclose(one_feature.transform(X[:, :2, :1])[..., 0], expected[:, :2])
    assert_allclose(one_feature.transform([X[3, :4, 0]])[0][:, 0], expected[3, :4])


def test_windows_are_scaled_by_what_they_hold():
    X, _ = to_sequences(np.arange(10.0), 4)
    scaled = PerFeature(StandardScaler()).fit_transform(X)
    assert_allclose(scaled, (X - X.mean()) / X.std())


def test_dtype_stays_float32():
    X = sequences().astype("float32")
    for data in (X, X[..., 0], list(X)):
        result = PerFeature(StandardScaler()).fit_transform(data)
        assert np.asarray(result).dtype == "float32"


def test_gaps_are_left_to_the_transformer():
    X = sequences()
    X[2, 3, 1] = np.nan
    filled = PerFeature(SimpleImputer()).fit_transform(X)
    assert filled[2, 3, 1] == pytest.approx(np.nanmean(X[..., 1]))
    assert np.isnan(PerFeature(StandardScaler()).fit_transform(list(X))[2]).sum() == 1
    with pytest.raises(ValueError, match="Input X contains NaN"):
        PerFeature(PCA()).fit(X)
    assert get_tags(PerFeature(SimpleImputer())).input_tags.allow_nan
    assert not get_tags(PerFeature(PCA())).input_tags.allow_nan


# -- learning --------------------------------------------------------------------------


@of_forms
def test_weights_and_targets_hold_for_all_steps_of_a_sequence(form):
    X, rng = form(), np.random.default_rng(1)
    weight, y = rng.uniform(size=N), rng.integers(0, 3, N)
    lengths = [len(x) - np.isnan(x[:, 0]).sum() for x in X]
    per_feature = PerFeature(StandardScaler()).fit(X, sample_weight=weight)
    mean = np.average(stacked(X), axis=0, weights=np.repeat(weight, lengths))
    assert_allclose(per_feature.transformer_.mean_, mean)
    lda = LinearDiscriminantAnalysis().fit(stacked(X), np.repeat(y, lengths))
    per_feature = PerFeature(LinearDiscriminantAnalysis()).fit(X, y)
    assert_allclose(stacked(per_feature.transform(X)), lda.transform(stacked(X)))


def test_targets_may_be_those_of_steps():
    X, rng = ragged(), np.random.default_rng(1)
    y = [rng.integers(0, 3, len(x)) for x in X]
    lda = LinearDiscriminantAnalysis().fit(stacked(X), np.concatenate(y))
    result = PerFeature(LinearDiscriminantAnalysis()).fit(X, y).transform(X)
    assert_allclose(stacked(result), lda.transform(stacked(X)))


def test_zero_weight_is_no_sequence():
    X, weight = ragged(), np.arange(N) % 2
    weighted = PerFeature(StandardScaler()).fit(X, sample_weight=weight)
    without = PerFeature(StandardScaler()).fit(X[1::2])
    assert_allclose(weighted.transformer_.var_, without.transformer_.var_)


def test_weights_reach_a_step_of_an_inner_pipeline():
    X, weight = sequences(), np.arange(N)
    inner = make_pipeline(StandardScaler(), PCA(2))
    per_feature = PerFeature(inner).fit(X, standardscaler__sample_weight=weight)
    expected = np.average(X.mean(axis=1), axis=0, weights=weight)
    assert_allclose(per_feature.transformer_[0].mean_, expected)


def test_metadata_are_routed_to_the_transformer():
    X, y, weight = sequences(), np.arange(N), np.arange(N)
    expected = np.average(X.mean(axis=1), axis=0, weights=weight)
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        regressor = Ridge().set_fit_request(sample_weight=False)
        pipe = make_pipeline(PerFeature(scaler), flattened(), regressor)
        pipe.fit(X, y, sample_weight=weight)
        assert_allclose(pipe[0].transformer_.mean_, expected)
        ignoring = StandardScaler().set_fit_request(sample_weight=False)
        with pytest.raises(TypeError, match="got unexpected argument"):
            PerFeature(ignoring).fit(X, sample_weight=weight)
        with pytest.raises(ValueError, match="not explicitly set as requested"):
            PerFeature(StandardScaler()).fit(X, sample_weight=weight)


def test_partial_fit_equals_fit_on_all():
    X = sequences()
    per_feature = PerFeature(StandardScaler())
    for part in (X[:7], list(X[7:12]), X[12:]):
        assert per_feature.partial_fit(part) is per_feature
    whole = PerFeature(StandardScaler()).fit(X)
    assert_allclose(per_feature.transform(X), whole.transform(X))


def test_methods_are_there_if_the_transformer_has_them():
    assert hasattr(PerFeature(IncrementalPCA()), "partial_fit")
    assert not hasattr(PerFeature(PCA()), "partial_fit")
    assert hasattr(PerFeature(PCA()), "inverse_transform")
    assert not hasattr(PerFeature(PolynomialFeatures()), "inverse_transform")


class Centre(BaseEstimator):
    """A transformer without what scikit-learn's base classes add."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


def test_a_transformer_needs_fit_and_transform_only():
    X = sequences()
    result = PerFeature(Centre()).set_output(transform="pandas").fit_transform(X)
    assert_allclose(result, X - X.mean(axis=(0, 1)))


# -- names -----------------------------------------------------------------------------


def test_names_are_those_of_the_transformer():
    per_feature = PerFeature(PCA(2)).fit(sequences())
    assert list(per_feature.get_feature_names_out()) == ["pca0", "pca1"]
    per_feature = PerFeature(StandardScaler()).fit(sequences())
    assert list(per_feature.get_feature_names_out()) == ["x0", "x1", "x2"]
    assert list(per_feature.get_feature_names_out(["a", "b", "c"])) == ["a", "b", "c"]


def test_frames_have_features_with_names():
    frames = [pd.DataFrame(x, columns=["a", "b", "c"]) for x in ragged()]
    some = make_column_transformer((StandardScaler(), ["b"]))
    per_feature = PerFeature(some).fit(frames)
    rows = stacked(ragged())[:, 1:2]
    expected = StandardScaler().fit_transform(rows)
    assert_allclose(stacked(per_feature.transform(frames)), expected)
    assert_allclose(stacked(per_feature.transform(ragged())), expected)
    assert list(per_feature.feature_names_in_) == ["a", "b", "c"]
    assert list(per_feature.get_feature_names_out()) == ["standardscaler__b"]
    message = r"have the columns \['b', 'a', 'c'\], but PerFeature is expecting"
    with pytest.raises(ValueError, match=message):
        per_feature.transform([frame[["b", "a", "c"]] for frame in frames])


@pytest.mark.parametrize("globally", [False, True])
def test_frames_are_returned_for_two_axes_only(globally):
    frame = pd.DataFrame(sequences()[..., 0], range(5, 5 + N), list("abcdef"))
    per_feature = PerFeature(StandardScaler())
    plain = per_feature.fit_transform(frame)
    if not globally:
        per_feature = clone(per_feature.set_output(transform="pandas"))
    with config_context(transform_output="pandas" if globally else "default"):
        result = per_feature.fit_transform(frame)
        assert_array_equal(result, plain)
        assert list(result.columns) == list("abcdef")
        assert list(result.index) == list(range(5, 5 + N))
        assert isinstance(per_feature.fit_transform(sequences()), np.ndarray)
        assert isinstance(per_feature.fit_transform(ragged())[0], np.ndarray)


# -- as a part of others ---------------------------------------------------------------


def test_grid_search_in_a_pipeline():
    X, y = to_sequences(np.sin(np.arange(80.0)), 5)
    pipe = make_pipeline(PerFeature(StandardScaler()), flattened(), LinearRegression())
    grid = {
        "perfeature__transformer__with_mean": [True, False],
        "perfeature__transformer": [StandardScaler(), MinMaxScaler()],
    }
    grid = [{key: values} for key, values in grid.items()]
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3)).fit(X, y)
    assert search.best_score_ > 0.999
    assert len(search.cv_results_["params"]) == 4


def test_a_fit_leaves_the_parameter_as_it_is():
    scaler = StandardScaler()
    per_feature = PerFeature(scaler).fit(sequences())
    assert per_feature.transformer is scaler
    assert not hasattr(scaler, "mean_")
    assert not hasattr(clone(per_feature), "transformer_")


@of_forms
def test_pickle_gives_the_same(form):
    X = form()
    per_feature = PerFeature(PCA(2)).fit(X)
    copy = pickle.loads(pickle.dumps(per_feature))
    assert_array_equal(stacked(copy.transform(X)), stacked(per_feature.transform(X)))


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            sequences()[..., :2],
            "X has 2 features per step, but PerFeature is expecting",
        ),
        (sequences()[..., 0], "X has 1 features per step, but PerFeature is expecting"),
        ([x[:, :1] for x in ragged()], "X has 1 features per step"),
        ([sequences()[0], sequences()[0, :, :2]], r"X\[1\] has 2 features per step"),
        (sequences()[0, 0], "Reshape your data"),
        (np.full((2, 3, 3), np.inf), r"X\[0\] is infinity at step 0"),
    ],
    ids=["three axes", "two axes", "list", "differing", "one axis", "infinity"],
)
def test_other_sequences_are_refused_in_a_sentence(X, message):
    per_feature = PerFeature(StandardScaler()).fit(sequences())
    with pytest.raises(ValueError, match=message):
        per_feature.transform(X)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (None, TypeError, "X is None, but sequences are expected"),
        (3, ValueError, r"X has shape \(\), but an array of shape"),
        (sp.csr_array(np.eye(3)), TypeError, "X is a sparse matrix"),
        ([[[1, 2], [3]], [[4]]], ValueError, r"X\[0\] is no sequence of numbers"),
    ],
    ids=["None", "number", "sparse", "ragged steps"],
)
def test_what_is_no_sequence_is_refused_as_by_estimators(X, error, message):
    with pytest.raises(error, match=message):
        PerFeature(StandardScaler()).fit(X)
    with pytest.raises(error, match=message):
        PerFeature(StandardScaler()).fit(sequences()).transform(X)


def test_two_axes_have_the_steps_of_training():
    per_feature = PerFeature(StandardScaler()).fit(sequences()[..., 0])
    with pytest.raises(ValueError, match="X has 5 features, but PerFeature is expect"):
        per_feature.transform(sequences()[:, :5, 0])


@pytest.mark.parametrize("transformer", [None, "passthrough", Ridge()], ids=str)
def test_the_parameter_must_transform(transformer):
    with pytest.raises(ValueError, match="The 'transformer' parameter of PerFeature"):
        PerFeature(transformer).fit(sequences())


@pytest.mark.parametrize("form", [sequences, ragged], ids=lambda f: f.__name__)
def test_one_target_and_weight_for_each_sequence(form):
    message = r"has shape \(5,\), but X has 20 sequences. Give one value for each"
    with pytest.raises(ValueError, match=f"^y {message}"):
        PerFeature(StandardScaler()).fit(form(), np.arange(5))
    with pytest.raises(ValueError, match=f"^sample_weight {message}"):
        PerFeature(StandardScaler()).fit(form(), sample_weight=np.arange(5))


class Shortener(Centre):
    """Loses a row."""

    def transform(self, X):
        return X[1:]


def test_a_transformer_must_keep_rows():
    with pytest.raises(ValueError, match="made 119 rows of 120 steps"):
        PerFeature(Shortener()).fit_transform(sequences())


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_fit_changes_nothing(method):
    X = sequences()
    per_feature = PerFeature(StandardScaler()).fit(X)
    expected = per_feature.transform(X)
    with pytest.raises(ValueError):
        getattr(per_feature, method)(X[:, :, :2], sample_weight=np.full(N, np.nan))
    with pytest.raises(ValueError, match="NaN"):
        getattr(per_feature, method)(X, sample_weight=np.full(N, np.nan))
    assert_array_equal(per_feature.transform(X), expected)
