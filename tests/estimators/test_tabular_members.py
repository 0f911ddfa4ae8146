"""Members of estimators for tables: seeds, validation rows, histories, temperature."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras.optimizers import SGD, Adam
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.base._members import MembersMixin
from tests.instances import INSTANCES, small

both = pytest.mark.parametrize("name", ["TabularClassifier", "TabularRegressor"])


@pytest.fixture
def divisions(monkeypatch):
    """What every fit makes of its rows: training and validation rows of the members."""
    seen = []
    divide = MembersMixin._divide

    def noting(self, *args, **options):
        seen.append(divide(self, *args, **options))
        return seen[-1]

    monkeypatch.setattr(MembersMixin, "_divide", noting)
    return seen


class FixedSeeds(np.random.RandomState):
    """Gives these numbers in place of random ones."""

    def __init__(self, *seeds):
        super().__init__(0)
        self.seeds = seeds

    def randint(self, low, high=None, size=None, dtype=int):
        assert len(self.seeds) == size
        return np.array(self.seeds)


# -- seeds -----------------------------------------------------------------------------

WAYS = {
    "default": {},
    "one batch": {"batch_size": "full"},
    "stopping at different times": {"epochs": 30, "patience": 1, "learning_rate": 0.1},
    "all rows": {"early_stopping": False},
    "no embedding": {"numeric_embedding": None, "hidden_units": (8, 4)},
    "norms clipped": {"optimizer": Adam(clipnorm=1e-3)},
    "averages": {"optimizer": Adam(use_ema=True, ema_momentum=0.5)},
}


@both
@pytest.mark.parametrize("way", WAYS)
def test_every_member_is_the_network_of_its_seed_alone(name, way, data_for):
    X, y = data_for(INSTANCES[name]())
    together = small(name, **WAYS[way]).fit(X, y)
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=4)
    of_members = together.member_predictions(X)
    for k, seed in enumerate(seeds.tolist()):
        alone = small(name, **WAYS[way], n_members=1, random_state=FixedSeeds(seed))
        alone.fit(X, y)
        assert_array_equal(alone.member_predictions(X)[0], of_members[k])
        assert alone.history_ == together.member_histories_[k]
        assert alone.best_epoch_ == together.member_best_epochs_[k]


@both
def test_first_of_four_is_the_only_one_of_one(name, data_for):
    X, y = data_for(INSTANCES[name]())
    four = small(name, n_members=4).fit(X, y).member_predictions(X)
    one = small(name, n_members=1).fit(X, y).member_predictions(X)
    assert_array_equal(one[0], four[0])


@both
def test_members_differ_from_each_other(name, data_for):
    X, y = data_for(INSTANCES[name]())
    of_members = small(name).fit(X, y).member_predictions(X)
    for k in range(4):
        for other in of_members[:k]:
            assert np.abs(of_members[k] - other).max() > 1e-3 * np.abs(other).max()


# -- validation rows -------------------------------------------------------------------


@both
@pytest.mark.parametrize("fraction", [0.15, 0.3])
def test_every_member_keeps_rows_of_its_own(name, fraction, divisions, data_for):
    X, y = data_for(INSTANCES[name]())
    small(name, epochs=1, validation_fraction=fraction).fit(X, y)
    ((rows, validation, parts, _),) = divisions
    assert validation is None
    assert rows.n_rows == 150
    assert len(parts) == 4
    for train, held in parts:
        assert len(held) == np.ceil(fraction * 150)
        assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(150))
        if name == "TabularClassifier":
            assert np.ptp(np.bincount(rows.y[held])) <= 1  # as in all rows
    assert len({tuple(held) for _, held in parts}) == 4


def test_rows_that_are_kept_are_not_learnt_from(divisions, diabetes):
    X, y = diabetes
    network = small("TabularRegressor", n_members=1, restore_best_weights=False)
    network.set_params(patience=99, target_scaling=False, clip_predictions=False)
    expected = network.fit(X, y).predict(X)
    ((train, held),) = divisions[0].parts
    spoilt = y.copy()
    spoilt[held] = 1e4
    assert_array_equal(network.fit(X, spoilt).predict(X), expected)
    spoilt = y.copy()
    spoilt[train[0]] = 1e4
    assert not np.array_equal(network.fit(X, spoilt).predict(X), expected)


def test_validation_loss_is_that_of_the_members_own_rows(divisions, binary):
    X, y = binary
    weight = np.linspace(0.5, 2, 100)
    network = small("TabularClassifier", dtype="float64", class_weight={0: 3.0})
    proba = network.fit(X, y, weight).member_predictions(X)
    for k, (_, held) in enumerate(divisions[0].parts):
        rows = divisions[0].rows.take(held)
        assert_array_equal(rows.X, X[held])
        ratio = rows.weight / weight[held] / np.where(rows.y == 0, 3, 1)
        assert_allclose(ratio, ratio[0])
        by_hand = log_loss(rows.y, proba[k, held], sample_weight=rows.weight)
        assert_allclose(min(network.member_histories_[k]["val_loss"]), by_hand)


@both
def test_given_validation_rows_are_those_of_all_members(name, divisions, data_for):
    X, y = data_for(INSTANCES[name]())
    network = small(name, dtype="float64", epochs=9)
    if name == "TabularRegressor":
        network.set_params(target_scaling=False, clip_predictions=False)
    network.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert divisions[0].parts is None
    assert divisions[0].rows.n_rows == 75
    loss = log_loss if name == "TabularClassifier" else mean_squared_error
    answers = network.member_predictions(X[1::2])
    for history, best, answer in zip(
        network.member_histories_, network.member_best_epochs_, answers, strict=True
    ):
        assert best == np.argmin(history["val_loss"]) + 1
        assert_allclose(min(history["val_loss"]), loss(y[1::2], answer))
        if name == "TabularClassifier":
            accuracy = accuracy_score(y[1::2], answer.argmax(axis=1))
            assert_allclose(history["val_accuracy"][best - 1], accuracy)


def test_pipeline_transforms_validation_rows_of_a_frame(iris):
    X, y = iris
    X = pd.DataFrame(X, columns=[*"abcd"]).assign(
        colour=np.where(X[:, 0] > 5.8, "red", "blue"), id=np.arange(150)
    )
    drop = FunctionTransformer(pd.DataFrame.drop, kw_args={"columns": "id"})
    network = small("TabularClassifier")
    with config_context(enable_metadata_routing=True):
        pipe = Pipeline(
            [("drop", drop), ("net", network.set_fit_request(X_val=True, y_val=True))],
            transform_input=["X_val"],
        ).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    X = X.drop(columns="id")
    by_hand = small("TabularClassifier")
    by_hand.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert pipe[-1].feature_names_in_.tolist() == [*"abcd", "colour"]
    assert pipe[-1].member_histories_ == by_hand.member_histories_
    assert_array_equal(pipe[-1].predict_proba(X), by_hand.predict_proba(X))


@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": False},
        {"validation_fraction": None, "patience": 99},
        {"early_stopping": False, "validation_fraction": None},
    ],
)
def test_without_validation_all_rows_are_learnt_from(parameters, divisions, iris):
    X, y = iris
    network = small("TabularClassifier", **parameters).fit(X, y)
    assert divisions[0].parts is None
    assert divisions[0].validation is None
    assert [*network.history_] == ["loss", "learning_rate"]
    assert network.n_epochs_ == 5


def test_training_without_stopping_takes_all_epochs(binary):
    X, y = binary
    y = np.random.default_rng(0).permutation(y)
    stops = small("TabularClassifier", epochs=40, patience=2, learning_rate=0.1)
    assert stops.fit(X, y).n_epochs_ < 40
    goes_on = stops.set_params(early_stopping=False).fit(X, y)
    assert goes_on.n_epochs_ == goes_on.best_epoch_ == 40
    assert goes_on.member_best_epochs_ == [40] * 4


def test_only_row_of_a_class_is_learnt_from_by_all(divisions, iris):
    X, y = iris
    y = np.where(np.arange(150) == 33, 9, y)
    network = small("TabularClassifier", epochs=60, learning_rate=0.05, dropout=0.0)
    network.fit(X, y)
    assert all(33 in train for train, _ in divisions[0].parts)
    assert network.classes_.tolist() == [0, 1, 2, 9]
    assert network.predict_proba(X[33:34])[0, 3] > 0.05


@pytest.mark.parametrize("n_rows", [2, 3])
def test_two_rows_are_one_to_learn_from_and_one_to_judge_by(n_rows, divisions, iris):
    X, y = iris[0][::50][:n_rows], iris[1][::50][:n_rows]
    small("TabularClassifier", epochs=1).fit(X, y)
    for train, held in divisions[0].parts:
        assert len(held) == 1
        assert len(train) == n_rows - 1


@both
def test_a_single_row_is_learnt_from(name, divisions, iris):
    X, y = iris
    network = small(name, epochs=2).fit(X[:1], y[:1])
    assert "val_loss" not in network.history_
    assert network.predict(X[:1]).tolist() == [0]


# -- histories -------------------------------------------------------------------------


def noise():
    rng = np.random.default_rng(0)
    return rng.normal(size=(120, 5)), rng.integers(2, size=120)


@pytest.fixture(scope="module")
def stopped():
    """Members that end at different times, by noise."""
    network = small("TabularClassifier", epochs=60, patience=3, learning_rate=0.03)
    return network.fit(*noise())


def test_members_end_when_their_own_patience_ends(stopped):
    lengths = [len(h["val_loss"]) for h in stopped.member_histories_]
    assert len(set(lengths)) > 1
    for history, best in zip(
        stopped.member_histories_, stopped.member_best_epochs_, strict=True
    ):
        assert best == np.argmin(history["val_loss"]) + 1
        assert len(history["val_loss"]) == min(best + 3, 60)
        assert {len(values) for values in history.values()} == {len(history["loss"])}
    assert stopped.n_epochs_ == max(lengths)
    assert stopped.best_epoch_ == round(np.mean(stopped.member_best_epochs_))


def mean_by_hand(histories, best_epochs, name):
    """A member that has stopped keeps the value of its best epoch."""
    n_epochs = max(len(h[name]) for h in histories)
    rows = [
        h[name] + [h[name][best - 1]] * (n_epochs - len(h[name]))
        for h, best in zip(histories, best_epochs, strict=True)
    ]
    return np.mean(rows, axis=0)


def test_history_is_the_mean_over_all_members(stopped):
    histories = stopped.member_histories_
    assert len({len(h["loss"]) for h in histories}) > 1
    assert [*stopped.history_] == ["loss", "val_loss", "val_accuracy", "learning_rate"]
    for name, values in stopped.history_.items():
        assert all(type(value) is float for value in values)
        if name != "learning_rate":
            expected = mean_by_hand(histories, stopped.member_best_epochs_, name)
            assert_allclose(values, expected, rtol=1e-12)
    longest = max((h["learning_rate"] for h in histories), key=len)
    assert_allclose(stopped.history_["learning_rate"], longest)
    kept = [
        h["loss"][best - 1]
        for h, best in zip(histories, stopped.member_best_epochs_, strict=True)
    ]
    assert_allclose(stopped.loss_, np.mean(kept))


SEEN = []  # by deep copies of the callback


class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        SEEN.append(dict(logs))

    def on_train_end(self, logs=None):
        SEEN.append(self.model)


def test_callbacks_see_stopped_members_as_they_are_kept(stopped):
    SEEN.clear()
    X, y = noise()
    watched = clone(stopped).set_params(callbacks=Watch()).fit(X, y)
    *logs, model = SEEN
    assert_array_equal(watched.predict_proba(X), stopped.predict_proba(X))
    assert watched.history_ == stopped.history_
    for name, values in stopped.history_.items():
        assert [seen[name] for seen in logs] == values
    watched.temperature_ = 1.0  # known after training only
    outputs = watched.model_(watched.encode(X))
    assert_allclose(model(watched.encode(X)), outputs, rtol=1e-5)


# -- temperature -----------------------------------------------------------------------

TARGETS = ["binary", "iris", "multilabel"]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("weighted", [False, True])
def test_temperature_is_the_one_of_least_log_loss(kind, weighted, divisions, request):
    X, y = request.getfixturevalue(kind)
    weight = np.linspace(0.1, 3, len(X)) if weighted else None
    network = small("TabularClassifier", dtype="float64", epochs=9, learning_rate=0.03)
    plain = network.fit(X, y, weight).member_predictions(X)
    assert network.temperature_ == 1
    cooled = network.set_params(calibrate=True).fit(X, y, weight)
    rows, _, parts, _ = divisions[-1]

    # logits up to a constant, of the rows that each network has not learnt from
    logits = np.log(plain) if kind == "iris" else logit(plain[..., -1:])
    logits = logit(plain) if kind == "multilabel" else logits
    of_rows = np.concatenate([logits[k, held] for k, (_, held) in enumerate(parts)])
    held = rows.take(np.concatenate([held for _, held in parts]))

    def loss(temperature):
        if kind == "iris":
            proba = softmax(of_rows / temperature, axis=1)
            mean = log_loss(held.y, proba, sample_weight=held.weight)
        else:
            labels = held.y if kind == "multilabel" else held.y[:, None]
            proba = expit(of_rows / temperature)
            likelihood = np.where(labels == 1, proba, 1 - proba)
            mean = -np.average(np.log(likelihood).sum(axis=1), weights=held.weight)
        return held.n_rows * mean + 2 * np.log(temperature) ** 2

    found = minimize(lambda t: loss(np.exp(t[0])), [0.0], method="Nelder-Mead")
    assert abs(np.log(cooled.temperature_)) > 0.01
    assert_allclose(cooled.temperature_, np.exp(found.x[0]), rtol=1e-3)

    scaled = logits / cooled.temperature_
    proba = softmax(scaled, axis=2) if kind == "iris" else expit(scaled)
    of_members = cooled.member_predictions(X)
    of_members = of_members[..., 1:] if kind == "binary" else of_members
    assert_allclose(of_members, proba, rtol=1e-9)
    expected = proba.mean(axis=0)
    predicted = cooled.predict_proba(X)
    predicted = predicted[:, 1:] if kind == "binary" else predicted
    assert_allclose(predicted, expected, rtol=1e-9)


def test_temperature_is_found_on_given_validation_rows(binary):
    X, y = binary
    network = small("TabularClassifier", dtype="float64", calibrate=True, n_members=1)
    network.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    logits = network.decision_function(X[1::2])  # already divided by it

    def loss(t):
        mean = log_loss(y[1::2], expit(logits / np.exp(t[0])))
        return 50 * mean + 2 * (np.log(network.temperature_) + t[0]) ** 2

    assert abs(minimize(loss, [0.0], method="Nelder-Mead").x[0]) < 1e-3
    assert network.temperature_ != 1


def test_calibration_improves_an_overconfident_network():
    X, y = make_classification(
        600, 10, n_informative=4, flip_y=0.3, n_classes=3, random_state=0
    )
    network = small("TabularClassifier", hidden_units=(64,), dropout=0.0)
    network.set_params(epochs=60, n_members=2, weight_decay=0.0, learning_rate=0.02)
    network.set_params(patience=99, restore_best_weights=False)  # far too long
    before = network.fit(X[:300], y[:300]).predict_proba(X[300:])
    after = network.set_params(calibrate=True).fit(X[:300], y[:300])
    assert after.temperature_ > 1.3
    improved = log_loss(y[300:], after.predict_proba(X[300:]))
    assert improved < log_loss(y[300:], before) - 0.05


def test_temperature_of_one_network_changes_no_label(iris):
    X, y = iris
    network = small("TabularClassifier", n_members=1)
    expected = network.fit(X, y).predict(X)
    cooled = network.set_params(calibrate=True).fit(X, y)
    assert cooled.temperature_ != 1
    assert_array_equal(cooled.predict(X), expected)


# -- weight decay ----------------------------------------------------------------------


def no_loss(y_true, y_pred):
    """Zero for all rows, with a gradient of zero."""
    return keras.ops.sum(0 * y_pred, axis=-1)


def variables(estimator):
    """(name, values) of the weights of all members."""
    variables = estimator.model_.trainable_variables
    return [(v.path.rpartition("/")[2], np.asarray(v)) for v in variables]


def kernels(estimator):
    return [values for name, values in variables(estimator) if name == "kernel"]


SCHEDULES = {
    "constant": (None, lambda progress: np.ones_like(progress)),
    "cosine": ("cosine", lambda progress: (1 + np.cos(np.pi * progress)) / 2),
    "drops": ({2: 0.5}, lambda progress: np.where(progress < 0.5, 1.0, 0.5)),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("decay", [0.5, 3.0])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_decay_shrinks_kernels_alone(schedule, decay, optimizer):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=96), "c": [*"abcdefghijkl"] * 8})
    schedule, factor = SCHEDULES[schedule]
    network = small("TabularRegressor", loss=no_loss, optimizer=optimizer, epochs=4)
    network.set_params(learning_rate_schedule=schedule, early_stopping=False)
    network.set_params(n_members=2, dtype="float64", batch_size=32)
    y = rng.normal(size=96)
    initial = variables(network.set_params(weight_decay=0.0).fit(X, y))
    final = variables(network.set_params(weight_decay=decay).fit(X, y))
    n_steps = 4 * 3
    shares = decay / n_steps * factor(np.arange(n_steps) / n_steps)
    shrunk = np.exp(-shares.sum())
    names = [name for name, _ in initial]
    assert {"kernel", "bias", "embeddings", "frequencies", "linear"} <= {*names}
    assert names.count("kernel") == 2 * 2
    for (name, before), (_, after) in zip(initial, final, strict=True):
        expected = shrunk * before if name == "kernel" else before
        assert_allclose(after, expected, rtol=1e-6)


def test_decay_goes_by_the_peak_of_a_schedule_that_begins_at_zero():
    X = np.random.default_rng(0).normal(size=(96, 3))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, 8, warmup_target=0.125, warmup_steps=4
    )
    network = small("TabularRegressor", loss=no_loss, optimizer=SGD(schedule), epochs=4)
    network.set_params(early_stopping=False, batch_size=32, dtype="float64")
    before, after = (
        kernels(network.set_params(weight_decay=decay).fit(X, X[:, 0]))
        for decay in (0.0, 2.0)
    )
    rates = np.array([float(schedule(step)) for step in range(12)])
    assert rates.max() == 0.125
    assert_allclose(network.history_["learning_rate"], rates[::3], rtol=1e-6)
    shrunk = np.exp(-2.0 * (rates / 0.125).mean())
    for initial, final in zip(before, after, strict=True):
        assert_allclose(final, shrunk * initial, rtol=1e-5)


@pytest.mark.parametrize(("schedule", "total"), [(None, 1.0), ("cosine", 0.5)])
@pytest.mark.parametrize("n_rows", [50, 400])
def test_decay_of_a_whole_training_is_what_the_docstring_says(schedule, total, n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    network = small("TabularRegressor", loss=no_loss, epochs=50, n_members=1)
    network.set_params(learning_rate_schedule=schedule, early_stopping=False)
    sizes = []
    for decay in (0.0, 1.0):
        network.set_params(weight_decay=decay).fit(X, X[:, 0])
        sizes.append([np.linalg.norm(kernel) for kernel in kernels(network)])
    assert_allclose(np.divide(*sizes), np.exp(total), rtol=0.02)


def test_decay_never_takes_off_more_than_all():
    X = np.random.default_rng(0).normal(size=(30, 3))
    network = small("TabularRegressor", loss=no_loss, weight_decay=1e9, epochs=3)
    network.fit(X, X[:, 0])
    assert not any(kernel.any() for kernel in kernels(network))
    again = small("TabularRegressor", weight_decay=1e9, epochs=3).fit(X, X[:, 0])
    assert np.isfinite(again.predict(X)).all()
