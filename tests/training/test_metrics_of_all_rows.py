"""Quantities of all validation rows that are no mean over rows."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, roc_auc_score

from skdl import DenseClassifier
from skdl.training import _data
from skdl.training._data import StreamData
from skdl.training._loop import Stopping
from skdl.training._objective import Judgement, Metric, Supervised
from skdl.training._player import Player
from skdl.training._program import ProgramKey
from tests.training.engine import (
    arrays,
    dense,
    fit,
    numbers,
    resolve_optimizer,
    row_weights,
)
from tests.training.test_members import fit_members


class Ranks:
    """Scores and labels of the rows so far."""

    def __init__(self):
        self.rows = []

    def add(self, values, weight):
        self.rows.append((values["label"], values["score"], weight))

    def result(self):
        labels, scores, weight = map(np.concatenate, zip(*self.rows, strict=True))
        area = roc_auc_score(labels, scores, sample_weight=weight)
        precision = average_precision_score(labels, scores, sample_weight=weight)
        return {"area": area, "precision": precision}


@dataclass(frozen=True)
class Ranking(Metric):
    """The area under the curve of scikit-learn."""

    names: ClassVar[tuple] = ("area", "precision")
    larger_is_better: ClassVar[frozenset] = frozenset(names)

    def tally(self):
        return Ranks()


@dataclass(frozen=True)
class Ranked(Supervised):
    """A loss, and how well the first output ranks the labels."""

    metrics: ClassVar[tuple] = (Ranking(),)

    def judge(self, networks, batch, tools):
        ((y, _),) = batch.targets
        (name,) = networks
        outputs = networks[name](batch.X)
        values = {"label": ops.ravel(y), "score": outputs[:, 0]}
        return Judgement({"loss": batch.weighed(self.loss, outputs)}, values)


def log_loss(y, outputs):
    """Of a logit."""
    return ops.softplus(outputs[:, 0]) - y[:, 0] * outputs[:, 0]


N = 600  # more rows than are computed together
SPEC = dense(3, 1)
X = numbers(N, 3)
Y = (X[:, :1] + numbers(N, 1, seed=1) > 0).astype(float)
WEIGHT = row_weights(N)


def key_of(spec=SPEC):
    player = Player(spec, resolve_optimizer("adam")[0])
    return ProgramKey((player,), Ranked(log_loss), (1,), "float64")


def outputs_of(weights):
    """The network by hand: four units, tanh."""
    kernel, bias, last, offset = np.split(weights.trainable, [12, 16, 20])
    return np.tanh(X @ kernel.reshape(3, 4) + bias) @ last + offset


def stream(*rows):
    return StreamData(X.__getitem__, (3,), *rows, dtype="float64")


@pytest.mark.parametrize("kind", ["arrays", "stream"])
def test_metric_is_that_of_all_rows_and_not_a_mean_over_batches(kind, monkeypatch):
    monkeypatch.setattr(_data, "BLOCK_BYTES", 300 * X[0].nbytes)
    judged = arrays(X, Y, WEIGHT) if kind == "arrays" else stream(Y, WEIGHT)
    outcome = fit(key_of(), arrays(X[:50], Y[:50]), validation=judged, rate=0.05)
    area = roc_auc_score(Y[:, 0], outputs_of(outcome.weights), sample_weight=WEIGHT)
    assert_allclose(outcome.history["val_area"][-1], area, rtol=1e-9)
    z, y = outputs_of(outcome.weights), Y[:, 0]
    loss = np.average(np.logaddexp(0, z) - y * z, weights=WEIGHT)
    assert_allclose(outcome.history["val_loss"][-1], loss, rtol=1e-9)
    assert len(outcome.history["val_precision"]) == 3


def test_early_stopping_watches_it_and_keeps_the_best():
    key = key_of()
    monitor = "val_area"
    assert key.objective.wants_larger(monitor)
    stopping = Stopping(monitor, 4, larger_is_better=True)
    outcome = fit(
        key,
        arrays(X[:20], Y[:20]),
        validation=arrays(X, Y, WEIGHT),
        stopping=stopping,
        epochs=200,
        rate=0.1,
    )
    areas = outcome.history[monitor]
    assert len(areas) == outcome.best_epoch + 4 < 200
    assert areas[outcome.best_epoch - 1] == max(areas)
    area = roc_auc_score(Y[:, 0], outputs_of(outcome.weights), sample_weight=WEIGHT)
    assert_allclose(area, max(areas), rtol=1e-9)


def test_each_member_has_a_metric_of_its_own():
    rows = [arrays(X[:40], Y[:40]), arrays(X[40:80], Y[40:80])]
    judged = [arrays(X[:300], Y[:300]), arrays(X[300:], Y[300:])]
    options = {"seeds": [1, 2], "validation": judged}
    options["stopping"] = Stopping("val_area", 2, larger_is_better=True)
    together = fit_members(key_of(), rows, epochs=30, **options)
    assert len({outcome.n_epochs for outcome in together}) == 2  # one waits
    for k, outcome in enumerate(together):
        options["seeds"], options["validation"] = [[1, 2][k]], [judged[k]]
        (alone,) = fit_members(key_of(), rows[k : k + 1], epochs=30, **options)
        assert outcome.history == alone.history


class RankedClassifier(DenseClassifier):
    """An estimator that is stopped by the area under the curve."""

    _parameter_constraints = {  # noqa: RUF012
        **DenseClassifier._parameter_constraints,
        "monitor": "no_validation",
    }

    def _objective(self, loss, targets):
        return Ranked(self._loss_as_trained(loss, targets))


class Watching(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        seen.append(logs["val_area"])


seen = []


def test_estimator_and_keras_callbacks_see_it():
    seen.clear()
    classifier = RankedClassifier(
        hidden_units=(4,),
        epochs=60,
        early_stopping=True,
        monitor="val_area",
        patience=3,
        callbacks=[Watching()],
        random_state=0,
    )
    X_val, y_val = X[200:], Y[200:, 0]
    classifier.fit(X[:200], Y[:200, 0], X_val=X_val, y_val=y_val)
    areas = classifier.history_["val_area"]
    assert seen == areas
    assert areas[classifier.best_epoch_ - 1] == max(areas)
    area = roc_auc_score(y_val, classifier.predict_proba(X_val)[:, 1])
    assert_allclose(area, max(areas), rtol=1e-6)
    patience = keras.callbacks.EarlyStopping("val_area", mode="max", patience=3)
    by_keras = RankedClassifier(
        hidden_units=(4,), epochs=60, callbacks=[patience], random_state=0
    ).fit(X[:200], Y[:200, 0], X_val=X_val, y_val=y_val)
    assert len(by_keras.history_["val_area"]) == len(areas)
