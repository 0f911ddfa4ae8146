"""Several fits at once: the same results as one by one, and who takes part."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import (
    CNNClassifier,
    DenseClassifier,
    DenseRegressor,
    LSTMClassifier,
    ResNetClassifier,
    TabularClassifier,
)
from skdl.base import _together
from skdl.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skdl.model_selection import bootstrap_validate
from skdl.training import _loop
from skdl.training._program import PROGRAMS

X, Y = load_breast_cancer(return_X_y=True)
X, Y = X[:300], Y[:300]


@pytest.fixture
def members(monkeypatch):
    """How many members each training had, with programs that are traced at once."""
    monkeypatch.setattr(_together, "MIN_STEPS", 0)
    seen = []
    original = _loop.train

    def noting(trainer, data, *args, **options):
        seen.append(len(data.sizes))
        return original(trainer, data, *args, **options)

    monkeypatch.setattr(_together, "train", noting)
    monkeypatch.setattr("skdl.base._prepared.train", noting)
    return seen


def one_by_one(monkeypatch):
    monkeypatch.setattr(_together, "MEMBERS", 1)


def network(kind=DenseClassifier, **parameters):
    return kind(**{"hidden_units": (8,), "epochs": 6, **parameters})


def arguments(rows, **weights):
    return lambda: ((X[rows], Y[rows]), {k: v[rows] for k, v in weights.items()})


def clones(estimator, n=5):
    return [clone(estimator).set_params(random_state=k) for k in range(n)]


def state(estimator):
    """All that a fit has left, as bytes and plain values."""
    trained = estimator._trained
    return [
        *(w.trainable.tobytes() for w in trained.weights),
        *(v.tobytes() for w in trained.weights for v in w.state),
        estimator.history_,
        estimator.n_epochs_,
        estimator.best_epoch_,
        estimator.loss_,
        estimator.predict_proba(X).tobytes(),
    ]


# -- the same as one by one ------------------------------------------------------------

NETWORKS = {
    "plain": {},
    "dropout, penalties": {"dropout": 0.3, "l2": 1e-3, "activity_l2": 1e-3},
    "batch norm": {"batch_norm": True},
    "early stopping": {"early_stopping": True, "patience": 1, "epochs": 30},
    "full batch": {"batch_size": "full"},
    "float64": {"dtype": "float64", "optimizer": "sgd", "momentum": 0.9},
    "class weights": {"class_weight": "balanced"},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_fits_at_once_have_the_bits_of_single_ones(name, members):
    estimator = network(**NETWORKS[name])
    rng = np.random.default_rng(0)
    parts = [rng.permutation(300)[: 250 + k] for k in range(5)]
    together = clones(estimator)
    errors = _together.fit_together(
        [(e, arguments(part)) for e, part in zip(together, parts, strict=True)]
    )
    assert errors == [None] * 5
    assert members == [5]
    for one, other, part in zip(together, clones(estimator), parts, strict=True):
        assert state(one) == state(other.fit(X[part], Y[part]))


def test_one_that_fails_leaves_the_others_and_itself_alone(members):
    estimators = clones(network())
    fitted = estimators[1].fit(X, Y)
    before = state(fitted)
    parts = [np.arange(k, 250 + k) for k in range(5)]
    fits = [(e, arguments(part)) for e, part in zip(estimators, parts, strict=True)]
    bad = X.copy()
    bad[7, 2] = np.nan
    fits[1] = (estimators[1], lambda: ((bad, Y), {}))
    estimators[3].set_params(epochs=-1)
    members.clear()
    errors = _together.fit_together(fits)
    assert "contains NaN (row 7, column 2)" in str(errors[1])
    assert "epochs" in str(errors[3])
    assert [error is None for error in errors] == [True, False, True, False, True]
    assert members == [3]
    assert state(fitted) == before
    assert not hasattr(estimators[3], "_trained")
    assert state(estimators[4]) == state(clones(network())[4].fit(X[4:254], Y[4:254]))


def test_one_that_diverges_raises_what_it_raises_alone(members):
    wild = X.copy()
    wild[:40] = np.sign(wild[:40]) * 1e30
    estimators = clones(network(input_scaling=None), 3)
    errors = _together.fit_together(
        [
            (estimators[0], lambda: ((X / 1e3, Y), {})),
            (estimators[1], lambda: ((wild, Y), {})),
            (estimators[2], lambda: ((X / 1e3, Y), {})),
        ]
    )
    with pytest.raises(type(errors[1])) as alone:
        clone(estimators[1]).fit(wild, Y)
    assert str(errors[1]) == str(alone.value)
    assert errors[0] is None
    assert errors[2] is None
    assert members[0] == 3
    assert not hasattr(estimators[1], "_trained")


# -- who takes part --------------------------------------------------------------------


class Own(DenseClassifier):
    """A subclass with a fit of its own."""

    def fit(self, X, y, **options):
        """Learn from half of the rows."""
        return super().fit(X[::2], y[::2], **options)


def test_fit_of_a_subclass_is_what_folds_call(members):
    ensemble = FoldEnsembleClassifier(Own(hidden_units=(8,), epochs=3, random_state=0))
    ensemble.fit(X, Y)
    assert members == [1] * 5
    for model, test in zip(ensemble.estimators_, ensemble.fold_rows_, strict=True):
        train = np.setdiff1d(np.arange(300), test)
        alone = clone(ensemble.estimator)
        alone.fit(X[train], Y[train], X_val=X[test], y_val=Y[test])
        assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


LONERS = {
    "callbacks": {"callbacks": [keras.callbacks.TerminateOnNaN()]},
    "an optimizer that sees all": {"optimizer": keras.optimizers.Adam(clipnorm=1.0)},
    "much to compute": {"hidden_units": (2000, 500), "epochs": 1},
}


@pytest.mark.parametrize("name", LONERS)
def test_these_are_fitted_one_by_one(name, members):
    estimators = clones(network(**LONERS[name]), 2)
    _together.fit_together([(e, arguments(np.arange(300))) for e in estimators])
    assert members == [1, 1]


def test_sparse_rows_in_a_stream_are_fitted_one_by_one(members, monkeypatch):
    monkeypatch.setattr("skdl.base._training.DENSE_BYTES", 0)
    rows = sp.csr_array(X)
    estimators = clones(network(), 2)
    _together.fit_together([(e, lambda: ((rows, Y), {})) for e in estimators])
    assert members == [1, 1]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, [1]), (2, [2]), (5, [5]), (6, [3, 3]), (7, [3, 3, 1]), (10, [5, 5])],
)
def test_programs_are_of_one_size(n, expected, members):
    _together.fit_together(
        [(e, arguments(np.arange(300))) for e in clones(network(), n)]
    )
    assert members == expected


def test_fits_of_other_numbers_of_steps_do_not_mix(members):
    sizes = [256, 257, 256, 257, 100]  # batches of 16, 16, 32 rows
    estimators = clones(network(batch_size=32))
    _together.fit_together(
        [(e, arguments(np.arange(n))) for e, n in zip(estimators, sizes, strict=True)]
    )
    assert sorted(members) == [1, 2, 2]


def test_little_work_is_not_worth_a_new_program(members, monkeypatch):
    monkeypatch.setattr(_together, "MIN_STEPS", 10**9)
    PROGRAMS.clear()
    parts = [arguments(np.arange(300))] * 3
    _together.fit_together(list(zip(clones(network(), 3), parts, strict=True)))
    assert members == [1, 1, 1]
    monkeypatch.setattr(_together, "MIN_STEPS", 0)
    _together.fit_together(list(zip(clones(network(), 3), parts, strict=True)))
    monkeypatch.setattr(_together, "MIN_STEPS", 10**9)
    _together.fit_together(list(zip(clones(network(), 3), parts, strict=True)))
    assert members == [1, 1, 1, 3, 3]  # the program is there


def test_no_more_rows_are_held_than_fit(members, monkeypatch):
    estimators = clones(network())
    n_bytes = 300 * (30 + 1 + 1) * 4 + 300 * 30 * 8  # on the device, and before
    monkeypatch.setattr(_together, "MAX_BYTES", 2 * n_bytes)
    _together.fit_together([(e, arguments(np.arange(300))) for e in estimators])
    assert members == [2, 2, 1]


def test_networks_of_several_members_take_part_if_they_have_few(members):
    for n_members, expected in ((1, [4]), (2, [4, 4]), (4, [4] * 4)):
        members.clear()
        estimator = network(TabularClassifier, n_members=n_members)
        fits = [(e, arguments(np.arange(300))) for e in clones(estimator, 4)]
        assert _together.fit_together(fits) == [None] * 4
        assert members == expected
        for one, other in zip(fits, clones(estimator, 4), strict=True):
            assert state(one[0]) == state(other.fit(X, Y))


# -- folds and bootstraps --------------------------------------------------------------

scaled = partial(make_pipeline, StandardScaler())


def pipeline(**parameters):
    return scaled(network(**parameters))


ESTIMATORS = {
    "network": (FoldEnsembleClassifier, network(early_stopping=True)),
    "pipeline": (
        FoldEnsembleClassifier,
        scaled(PCA(5), network(batch_size=16, epochs=40, patience=2)),
    ),
    "pipeline in a pipeline": (
        FoldEnsembleClassifier,
        make_pipeline(SimpleImputer(), scaled(SelectKBest(k=5), network())),
    ),
    "without early stopping": (FoldEnsembleClassifier, network(early_stopping=False)),
    "regressor": (FoldEnsembleRegressor, network(DenseRegressor)),
    "tabular": (FoldEnsembleClassifier, network(TabularClassifier, n_members=1)),
}


def ensemble_state(ensemble, X):
    return [
        ensemble.oof_prediction_.tobytes(),
        ensemble.fold_scores_.tolist(),
        ensemble.fold_epochs_,
        ensemble.predict(X).tobytes(),
    ]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_folds_at_once_have_the_bits_of_single_ones(
    name, weighted, members, monkeypatch
):
    Ensemble, estimator = ESTIMATORS[name]
    rows, y = (X, Y) if Ensemble is FoldEnsembleClassifier else _diabetes()
    weight = np.linspace(0.5, 2.0, len(y)) if weighted else None
    folds = StratifiedKFold if Ensemble is FoldEnsembleClassifier else KFold
    ensemble = Ensemble(estimator, cv=folds(5), random_state=0)
    together = ensemble_state(ensemble.fit(rows, y, sample_weight=weight), rows)
    assert members == [5]
    one_by_one(monkeypatch)
    assert ensemble_state(clone(ensemble).fit(rows, y, weight), rows) == together
    assert members == [5, *[1] * 5]
    pool = clone(ensemble).set_params(n_jobs=2)
    with monkeypatch.context() as patch:
        patch.setenv("JOBLIB_START_METHOD", "loky")
        if not weighted and name == "pipeline":
            assert ensemble_state(pool.fit(rows, y), rows) == together


def _diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X, y


def test_steps_of_a_pipeline_are_fitted_and_in_their_place(members):
    pipeline = scaled(network())
    ensemble = FoldEnsembleClassifier(pipeline, cv=4).fit(X, Y)
    assert members == [4]
    for model, test in zip(ensemble.estimators_, ensemble.fold_rows_, strict=True):
        train = np.setdiff1d(np.arange(300), test)
        assert_array_equal(model[0].mean_, X[train].mean(axis=0))
        assert isinstance(model[-1], DenseClassifier)
        assert model.predict(X).shape == (300,)
    assert not hasattr(pipeline[0], "mean_")


def test_error_in_a_fold_is_raised_as_it_is(members):
    frame = pd.DataFrame(X)
    frame.iloc[5, 3] = np.nan
    with pytest.raises(ValueError, match=r"contains NaN \(row 5, column"):
        FoldEnsembleClassifier(network(), cv=KFold(3)).fit(frame.to_numpy(), Y)


@pytest.mark.parametrize("build", [network, pipeline], ids=["network", "pipeline"])
@pytest.mark.parametrize("stop_on_test", [False, True])
def test_bootstrap_at_once_has_the_bits_of_single_ones(
    build, stop_on_test, members, monkeypatch
):
    estimator = build(random_state=0)
    validate = partial(
        bootstrap_validate, stop_on_test=stop_on_test, random_state=0, n_splits=7
    )
    together = validate(estimator, X, Y)
    assert members == [5, 2]
    one_by_one(monkeypatch)
    single = validate(estimator, X, Y)
    times = ["fit_time", "score_time"]
    pd.testing.assert_frame_equal(
        together.drop(columns=times), single.drop(columns=times), check_exact=True
    )
    assert (together["fit_time"] > 0).all()


def test_bootstrap_that_ends_early_counts_no_split_beyond_the_end(members):
    options = {"tol": 0.2, "min_splits": 3, "n_splits": 40, "random_state": 0}
    estimator = network(random_state=0)
    few = bootstrap_validate(estimator, X, Y, **options)
    alone = bootstrap_validate(estimator, X, Y, n_jobs=2, **options)
    assert few["score"].tolist() == alone["score"].tolist()
    assert few.attrs["converged"]


def test_bootstrap_failures_are_of_single_splits(members):
    bad = X.copy()
    bad[0, 0] = np.inf
    splits = [
        (np.arange(1, 250), np.arange(250, 300)),
        (np.arange(250), np.arange(250, 300)),
    ]
    with pytest.warns(Warning, match="1 of 2 fits failed.*contains infinity"):
        frame = bootstrap_validate(network(), bad, Y, cv=splits, error_score=-1.0)
    assert frame["score"].iloc[1] == -1.0
    assert frame["score"].iloc[0] > 0.5


# -- members of one estimator ----------------------------------------------------------

APART = {
    "norm of each variable": keras.optimizers.Adam(clipnorm=1.0),
    "averages in place": keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=2),
    "factors": keras.optimizers.Adafactor(),
}


@pytest.mark.parametrize("name", APART)
def test_members_whose_optimizer_sees_all_weights_are_trained_apart(name, members):
    several = network(TabularClassifier, optimizer=APART[name], random_state=0)
    several.fit(X, Y)
    assert members == [1] * 4
    single = clone(several).set_params(n_members=1).fit(X, Y)
    first = several.member_predictions(X)[:1]
    assert_array_equal(first, single.member_predictions(X))
    for estimator in (several, single):
        estimator.partial_fit(X, Y).partial_fit(X, Y)  # each with its optimizer's state
    first = several.member_predictions(X)[:1]
    assert_array_equal(first, single.member_predictions(X))


def test_many_members_are_trained_in_groups_of_one_size(members):
    many = network(TabularClassifier, n_members=8, random_state=0).fit(X, Y)
    assert members == [4, 4]
    few = clone(many).set_params(n_members=3).fit(X, Y)
    assert_array_equal(many.member_predictions(X)[:3], few.member_predictions(X))
    assert many.predict_proba(X).shape == (300, 2)
    assert len(many.member_histories_) == 8


def test_callbacks_see_all_members_at_once(members):
    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(self.model.trainable_variables))

    seen = []
    many = network(TabularClassifier, n_members=6, epochs=2, callbacks=[Count()])
    many.fit(X, Y)
    assert members == [6]
    assert seen == [6 * 4] * 2


# -- images ----------------------------------------------------------------------------

IMAGES = {
    "convolutions": partial(CNNClassifier, filters=(6,), hidden_units=()),
    "no batch norm": partial(
        CNNClassifier, filters=(6,), batch_norm=False, activity_l2=1e-3, pooling="max"
    ),
    "residual": partial(ResNetClassifier, depth=8, width=0.25, stochastic_depth=0.2),
    "float64": partial(CNNClassifier, filters=(6,), hidden_units=(), dtype="float64"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_networks_for_images_that_stop_apart_have_the_bits_of_fits_alone(
    name, members, monkeypatch
):
    """A member that has stopped is given no images, which convolutions do not take."""
    images = load_digits().data[:240]
    labels = np.random.default_rng(0).integers(3, size=240)  # nothing to be learned
    estimator = IMAGES[name](
        early_stopping=True, patience=1, epochs=12, batch_size=32, learning_rate=0.01
    )
    fits = [(each, lambda: ((images, labels), {})) for each in clones(estimator, 4)]
    assert _together.fit_together(fits) == [None] * 4
    assert members == [4]
    assert len({each.n_epochs_ for each, _ in fits}) > 1
    one_by_one(monkeypatch)
    for together, _ in fits:
        alone = clone(together).fit(images, labels)
        assert together.n_epochs_ == alone.n_epochs_
        assert together.history_ == alone.history_
        assert_array_equal(together.predict_proba(images), alone.predict_proba(images))


def test_large_images_are_fitted_alone(members):
    images, labels = np.zeros((40, 64, 64)), np.arange(40) % 2
    estimator = CNNClassifier(filters=(2,), pooling="global", hidden_units=(), epochs=1)
    estimator.set_params(batch_size=20)
    fits = [(each, lambda: ((images, labels), {})) for each in clones(estimator, 2)]
    _together.fit_together(fits)
    assert members == [1, 1]


# -- sequences -------------------------------------------------------------------------

SEQUENCES = {
    "lstm": {"units": 6},
    "convolutions": {"conv_filters": 6, "units": 4, "dropout": 0.2},
    "gru": {"cell": "gru", "units": 4, "bidirectional": True},
    "steps": {"units": 4, "return_sequences": True},
}


@pytest.mark.parametrize("length", ["one length", "many lengths"])
@pytest.mark.parametrize("name", SEQUENCES)
def test_networks_for_sequences_have_the_bits_of_fits_alone(name, length, members):
    """Each with sequences of its own, of which the longest are not equally long."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 12, 240) if length == "many lengths" else [7] * 240
    rows = [rng.normal(size=(n, 2)) for n in lengths]
    labels = rng.integers(3, size=240)
    if name == "steps":
        labels = [rng.integers(3, size=n) for n in lengths]
    estimator = LSTMClassifier(batch_size=32, epochs=3, **SEQUENCES[name])
    fits = []
    for k, each in enumerate(clones(estimator, 4)):
        part = [i for i in range(240) if i % 4 != k and lengths[i] < 12 - k][:100]
        given = [rows[i] for i in part], [labels[i] for i in part]
        fits.append((each, lambda given=given: (given, {})))
    assert _together.fit_together(fits) == [None] * 4
    assert members == [4]
    for each, arguments in fits:
        alone = clone(each).fit(*arguments()[0])
        assert each.history_ == alone.history_
        for one, other in zip(
            each.predict_proba(rows), alone.predict_proba(rows), strict=True
        ):
            assert_array_equal(one, other)


def test_an_error_in_a_group_is_that_of_the_fit_which_raises_it_alone(monkeypatch):
    original = _together.train

    def failing(trainer, data, *args, **options):
        raise RuntimeError("not as a group")

    monkeypatch.setattr(_together, "MIN_STEPS", 0)
    monkeypatch.setattr(_together, "train", failing)
    fits = [(each, arguments(np.arange(100))) for each in clones(network(), 3)]
    assert _together.fit_together(fits) == [None] * 3
    monkeypatch.setattr(_together, "train", original)
    for each, _ in fits:
        assert state(clone(each).fit(X[:100], Y[:100])) == state(each)
