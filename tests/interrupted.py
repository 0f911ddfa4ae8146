"""Fits that get real SIGINTs; run as a script it prints what became of them.

A process of its own, since an interrupt that comes too late would end the tests.
"""

import io
import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import (
    DenseClassifier,
    DenseRegressor,
    KerasClassifier,
    LSTMForecaster,
    TabularClassifier,
)
from skdl.base import _prepared, _together, _training
from skdl.ensemble import BlendingClassifier, FoldEnsembleClassifier
from skdl.exceptions import TrainingInterruptedWarning
from skdl.model_selection import (
    BayesSearchCV,
    NelderMeadSearchCV,
    bootstrap_validate,
    compare_bootstrap,
)
from skdl.training import _data
from skdl.training._loop import Listener

X, Y = load_iris(return_X_y=True)
X, Y = X[::3], Y[::3]
X.flags.writeable = Y.flags.writeable = False
BEGUN = []  # fits that have begun to train, by their callback's number


def interrupt():
    """What Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_soon(seconds):
    """The same, from another thread."""
    threading.Timer(seconds, interrupt).start()


class At(keras.callbacks.Callback):
    """Interrupts an epoch of one of the fits that follow."""

    def __init__(self, fit=1, epoch=2, soon=None):
        super().__init__()
        self.fit, self.epoch, self.soon = fit, epoch, soon

    def on_train_begin(self, logs=None):
        BEGUN.append(self)

    def on_epoch_begin(self, epoch, logs=None):
        if (len(BEGUN), epoch) == (self.fit, self.epoch):
            interrupt() if self.soon is None else interrupt_soon(self.soon)


class Stop(keras.callbacks.Callback):
    """Ends training as it should be where it is interrupted."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.stop_training = epoch == 1


class OfBatches(At):
    """The same, which only Keras's own ``fit`` can serve."""

    def on_train_batch_end(self, batch, logs=None):
        """Hear of it."""


def dense(*callbacks, cls=DenseClassifier, **params):
    params = {"hidden_units": (4,), "epochs": 4, "random_state": 0, **params}
    return cls(callbacks=list(callbacks) or None, **params)


def network(meta):
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, "softmax")]
    )


def wrapped(*callbacks, **params):
    options = {"loss": "sparse_categorical_crossentropy", "epochs": 4}
    options |= {"random_state": 0, "callbacks": list(callbacks) or None}
    return KerasClassifier(network, **{**options, **params})


def raised(function, *args, **kwargs):
    """Which exception a call ends with, and what it warns of."""
    BEGUN.clear()
    result = {"raised": None, "warned": []}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", TrainingInterruptedWarning)
        try:
            function(*args, **kwargs)
            time.sleep(0.5)  # it may still come
        except BaseException as error:
            result["raised"] = type(error).__name__
    kinds = [w for w in seen if w.category is TrainingInterruptedWarning]
    result["warned"] = [str(w.message) for w in kinds]
    result["told"] = [w.filename == __file__ for w in kinds]  # where the user's code is
    return {**result, "begun": len(BEGUN)}


def same(a, b):
    return bool(np.array_equal(a, b))


@contextmanager
def patched(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


# -- fits that somebody started -------------------------------------------------------


def kept_by_dense():
    est = dense(At())
    out = raised(est.fit, X, Y)
    short = dense(Stop()).fit(X, Y)
    same_state = same(est.predict_proba(X), short.predict_proba(X))
    return {**out, "epochs": est.n_epochs_, "same": same_state}


def kept_where_warnings_are_errors():
    est = dense(At())

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            est.fit(X, Y)

    return {**raised(fit), "epochs": est.n_epochs_, "same": True}


def kept_by_pipeline():
    pipe = make_pipeline(StandardScaler(), dense(At()))
    out = raised(pipe.fit, X, Y)
    short = make_pipeline(StandardScaler(), dense(Stop())).fit(X, Y)
    return {
        **out,
        "epochs": pipe[-1].n_epochs_,
        "same": same(pipe.predict_proba(X), short.predict_proba(X)),
    }


def kept_by_transformed_target():
    est = TransformedTargetRegressor(dense(At(), cls=DenseRegressor), func=np.log1p)
    est.set_params(inverse_func=np.expm1)
    out = raised(est.fit, X, Y)
    finite = np.isfinite(est.predict(X)).all()
    return {**out, "epochs": est.regressor_.n_epochs_, "same": bool(finite)}


def kept_by_members():
    options = {"cls": TabularClassifier, "early_stopping": False}
    est = dense(At(), **options)
    out = raised(est.fit, X, Y)
    short = dense(Stop(), **options).fit(X, Y)
    return {
        **out,
        "epochs": est.n_epochs_,
        "same": same(est.predict_proba(X), short.predict_proba(X)),
    }


def _kept_by_wrapper(callback):
    est = wrapped(callback)
    out = raised(est.fit, X, Y)
    short = wrapped(epochs=2, run_eagerly=isinstance(callback, OfBatches)).fit(X, Y)
    alike = np.allclose(est.predict_proba(X), short.predict_proba(X), atol=1e-6)
    model = est.model_
    n_epochs = {len(est.history_["loss"]), len(model.history.epoch)}
    n_steps = 2 * -(-len(X) // 32)
    alike = alike and int(model.optimizer.iterations) == n_steps
    return {**out, "epochs": max(n_epochs), "same": bool(alike)}


def kept_by_wrapper():
    return _kept_by_wrapper(At())


def kept_by_wrapper_that_keras_trains():
    return _kept_by_wrapper(OfBatches())


def kept_by_forecaster():
    series = np.sin(np.arange(60.0))
    options = {"units": 4, "epochs": 4, "n_members": 2, "random_state": 0}
    est = LSTMForecaster(8, 2, callbacks=[At()], **options)
    out = raised(est.fit, series)
    short = LSTMForecaster(8, 2, callbacks=[Stop()], **options).fit(series)
    alike = same(est.predict(), short.predict())
    edges = [e.predict_interval(coverage=0.5) for e in (est, short)]
    alike = alike and same(*edges)
    return {**out, "epochs": est.n_epochs_, "same": alike}


def kept_in_a_graph():
    """Interrupted while the steps of an epoch are computed."""
    est = dense(At(epoch=2, soon=0.05), batch_size=32, epochs=1000)
    est.set_params(early_stopping=False)
    out = raised(est.fit, np.tile(X, (1000, 1)), np.tile(Y, 1000))
    alike = 2 <= est.n_epochs_ == len(est.history_["loss"]) < 1000
    return {**out, "epochs": 2, "same": alike and est.predict(X).shape == Y.shape}


def unchanged_in_the_first_epoch():
    est = dense().fit(X, Y)
    before = est.predict_proba(X)
    est.set_params(callbacks=[At(epoch=0)], hidden_units=(5,))
    out = raised(est.fit, X, Y)
    return {**out, "same": same(before, est.predict_proba(X))}


def unchanged_by_partial_fit():
    est = dense().partial_fit(X, Y, classes=[0, 1, 2])
    before, twin = est.predict_proba(X), clone(est)
    twin.partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y)
    est.set_params(callbacks=[At(epoch=1)])
    out = raised(est.partial_fit, X, Y)
    alike = same(before, est.predict_proba(X))
    est.set_params(callbacks=None).partial_fit(X, Y)  # its optimizer goes on
    return {**out, "same": alike and same(twin.predict_proba(X), est.predict_proba(X))}


def unchanged_wrapper():
    est = wrapped(At(epoch=4)).fit(X, Y)
    before, model = est.predict_proba(X), est.model_
    out = raised(est.partial_fit, X, Y)
    alike = est.model_ is model and len(est.history_["loss"]) == 4
    return {**out, "same": alike and same(before, est.predict_proba(X))}


def unchanged_between_members():
    """Members that are trained one after the other: the second one is interrupted."""
    adam = keras.optimizers.Adam(clipnorm=1.0)
    est = dense(cls=TabularClassifier, optimizer=adam, n_members=2)
    before = est.fit(X, Y).predict_proba(X)
    train, calls = _prepared.train, []

    def second(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            interrupt()
        return train(*args, **kwargs)

    with patched(_prepared, "train", second):
        out = raised(est.fit, X, 2 - Y)
    return {**out, "same": same(before, est.predict_proba(X))}


def unchanged_while_tracing():
    """A program that was traced halfway is not used as if it were whole."""
    calls = []

    def loss(y_true, y_pred):
        calls.append(1)
        if len(calls) == 2:  # after it was tried on some rows
            interrupt()
        return plain(y_true, y_pred)

    def plain(y_true, y_pred):
        return keras.losses.categorical_crossentropy(y_true, y_pred)

    est = dense(loss=loss, hidden_units=(6,))
    out = raised(est.fit, X, Y)
    out["fitted"] = hasattr(est, "n_epochs_")
    again = est.fit(X, Y).predict_proba(X)
    whole = est.set_params(loss=plain).fit(X, Y).predict_proba(X)
    return {**out, "same": same(again, whole)}


def unchanged_while_reading_ahead():
    """Rows come from a thread, which has to end with the fit."""
    loads = []

    def loaded(self, rows):
        loads.append(threading.current_thread())
        if len(loads) == 20:
            interrupt()
            time.sleep(0.1)
        return load(self, rows)

    load = _data.StreamData._load
    rows, labels = sp.csr_matrix(np.tile(X, (8, 1))), np.tile(Y, 8)
    est = dense(batch_size=16, early_stopping=False)
    with (
        patched(_training, "DENSE_BYTES", 0),
        patched(_data, "BLOCK_BYTES", 16 * 16),
        patched(_data.StreamData, "_load", loaded),
    ):
        out = raised(est.fit, rows, labels)
    alive = [t for t in loads if t.is_alive()]
    return {**out, "same": not alive and not hasattr(est, "n_epochs_")}


# -- fits in loops --------------------------------------------------------------------


def _loops():
    """Loops over fits of networks of which the second one is interrupted."""

    def net(cls=DenseClassifier, **params):
        return dense(At(fit=2, epoch=1), cls=cls, epochs=2, **params)

    grid = {"learning_rate": [0.01, 0.02, 0.04]}
    spaces = {"learning_rate": (0.001, 0.1, "log-uniform")}
    log = LogisticRegression()
    two = np.column_stack([Y > 0, Y > 1]).astype(int)
    named = [("a", net()), ("b", net())]
    search = {"init_points": 3, "n_iter": 1, "cv": 2, "random_state": 0}
    names, sizes = "learning_rate", [0.3, 0.6, 1.0]

    def own_loop():
        for seed in range(3):
            net(random_state=seed).fit(X, Y)

    def backtest():
        est = LSTMForecaster(8, 2, units=4, epochs=2, n_members=1, intervals=False)
        est.set_params(callbacks=[At(fit=2, epoch=1)])
        est.backtest(np.sin(np.arange(60.0)), 3)

    class Weighted(DenseClassifier):
        """For selectors that ask for coefficients."""

        @property
        def coef_(self):
            return np.arange(1.0, self.n_features_in_ + 1)[None]

    return {
        "cross_val_score": lambda: cross_val_score(net(), X, Y, cv=3),
        "cross_val_score of wrapper": lambda: cross_val_score(
            wrapped(At(fit=2, epoch=1)), X, Y, cv=3
        ),
        "cross_val_score of wrapper that Keras trains": lambda: cross_val_score(
            wrapped(OfBatches(fit=2, epoch=1)), X, Y, cv=3
        ),
        "cross_val_score of pipeline": lambda: cross_val_score(
            make_pipeline(StandardScaler(), net()), X, Y, cv=3
        ),
        "cross_validate": lambda: cross_validate(net(), X, Y, cv=3, error_score=0.0),
        "cross_val_predict": lambda: cross_val_predict(net(), X, Y, cv=3),
        "learning_curve": lambda: learning_curve(
            net(), X, Y, cv=2, train_sizes=sizes, shuffle=True
        ),
        "validation_curve": lambda: validation_curve(
            net(), X, Y, param_name=names, param_range=grid[names], cv=2
        ),
        "permutation_test_score": lambda: permutation_test_score(net(), X, Y, cv=2),
        "GridSearchCV": lambda: GridSearchCV(net(), grid, cv=2).fit(X, Y),
        "RandomizedSearchCV": lambda: RandomizedSearchCV(
            net(), grid, n_iter=3, cv=2
        ).fit(X, Y),
        "HalvingGridSearchCV": lambda: HalvingGridSearchCV(net(), grid, cv=2).fit(X, Y),
        "StackingClassifier": lambda: StackingClassifier(named, cv=2).fit(X, Y),
        "VotingClassifier": lambda: VotingClassifier(named).fit(X, Y),
        "BaggingClassifier": lambda: BaggingClassifier(net(), 3).fit(X, Y),
        "MultiOutputClassifier": lambda: MultiOutputClassifier(net()).fit(X, two),
        "OneVsRestClassifier": lambda: OneVsRestClassifier(net()).fit(X, Y),
        "OneVsOneClassifier": lambda: OneVsOneClassifier(net()).fit(X, Y),
        "CalibratedClassifierCV": lambda: CalibratedClassifierCV(net(), cv=3).fit(X, Y),
        "RFECV": lambda: RFECV(net(Weighted), cv=2).fit(X, Y),
        "BayesSearchCV": lambda: BayesSearchCV(net(), spaces, **search).fit(X, Y),
        "BayesSearchCV with pruning": lambda: BayesSearchCV(
            net(), spaces, prune=True, **search
        ).fit(X, Y),
        "NelderMeadSearchCV": lambda: NelderMeadSearchCV(net(), spaces, **search).fit(
            X, Y
        ),
        "FoldEnsembleClassifier": lambda: FoldEnsembleClassifier(net(), cv=3).fit(X, Y),
        "BlendingClassifier": lambda: BlendingClassifier(
            named, final_estimator=log, cv=2
        ).fit(X, Y),
        "bootstrap_validate": lambda: bootstrap_validate(
            net(), X, Y, n_splits=3, random_state=0
        ),
        "compare_bootstrap": lambda: compare_bootstrap(
            {"a": net(), "b": log}, X, Y, n_splits=3, random_state=0
        ),
        "LSTMForecaster.backtest": backtest,
        "a loop of the user": own_loop,
    }


def in_loops():
    return {name: raised(loop) for name, loop in _loops().items()}


def in_a_thread():
    """The interrupt is the main thread's; what the others do is thrown away."""

    class Once(At):
        def on_epoch_begin(self, epoch, logs=None):
            if not epoch and not sent:
                sent.append(1)
                interrupt()

    sent = []
    with parallel_config("threading", n_jobs=2):
        out = raised(cross_val_score, dense(Once()), X, Y, cv=12)
    return {**out, "same": out["begun"] < 12}


def in_a_scorer():
    scores = []

    def score(y, predicted):
        scores.append(1)
        if len(scores) == 2:
            interrupt()
        return accuracy_score(y, predicted)

    out = raised(cross_val_score, dense(), X, Y, cv=3, scoring=make_scorer(score))
    return {**out, "scores": len(scores)}


def trained_together():
    """Folds that are members of one program: what is left is what was there."""
    ensemble = FoldEnsembleClassifier(dense(epochs=60), cv=3, combine="refit_mean")
    before = ensemble.fit(X, Y).predict_proba(X)
    train, groups = _together.train, []

    class Epochs(Listener):
        """A listener that only this test lets in."""

        def on_train_begin(self, run):
            groups.append(len(run.plan.seeds))

        def on_epoch_begin(self, run, epoch, learning_rate):
            if epoch == 2:
                interrupt()

    def interrupted(*args, **kwargs):
        return train(*args, listeners=[Epochs()], **kwargs)

    labels = np.array(["a", "b", "c"])[Y]
    with (
        patched(_together, "train", interrupted),
        patched(_together, "MIN_STEPS", 0),
    ):
        out = raised(ensemble.fit, X, labels)
    return {
        **out,
        "groups": groups,
        "same": same(before, ensemble.predict_proba(X))
        and ensemble.classes_.tolist() == [0, 1, 2],
    }


def refit_of_ensemble():
    """The folds are new and the model on all rows is not: neither is kept."""
    ensemble = FoldEnsembleClassifier(dense(), cv=3, combine="refit_mean")
    before = ensemble.fit(X, Y).predict_proba(X)
    ensemble.set_params(estimator=dense(At(fit=4, epoch=1), hidden_units=(7,)))
    out = raised(ensemble.fit, X, Y)
    return {**out, "same": same(before, ensemble.predict_proba(X))}


# -- searches with a journal ----------------------------------------------------------


def _searched(cls, journal, est, **options):
    options = {"init_points": 3, "n_iter": 1, "cv": 2, "random_state": 0, **options}
    prefix = "optimizer__" if isinstance(est, KerasClassifier) else ""
    spaces = {f"{prefix}learning_rate": (0.001, 0.1, "log-uniform")}
    return cls(est, spaces, journal=journal, refit=False, **options).fit(X, Y)


def _resumed(cls, est, **options):
    """A search that is interrupted, and then goes on from its journal."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "search.jsonl")
        out = raised(_searched, cls, journal, est, **options)
        out["lines"] = len(journal.read_text(encoding="utf-8").splitlines())
        again = raised(_searched, cls, journal, est, **options)
        BEGUN.clear()  # which the callback reads, so that a journal looks at it
        search = _searched(cls, journal, est, **options)  # all is known
    whole = _searched(cls, None, clone(est).set_params(callbacks=None), **options)
    names = ("mean_test_score", "split0_test_score", "split1_test_score")
    alike = [same(search.cv_results_[k], whole.cv_results_[k]) for k in names]
    alike.append(search.cv_results_["params"] == whole.cv_results_["params"])
    return {**out, "again": [again["raised"], again["begun"]], "same": all(alike)}


def in_searches():
    """The first fit of the third of four candidates, on two folds each."""
    est = dense(At(fit=5, epoch=1), epochs=2)
    return {
        "BayesSearchCV": _resumed(BayesSearchCV, est),
        "pruned": _resumed(BayesSearchCV, est, prune=True),
        "NelderMeadSearchCV": _resumed(NelderMeadSearchCV, est),
        "wrapper": _resumed(BayesSearchCV, wrapped(At(fit=5, epoch=1), epochs=2)),
    }


def in_journals():
    """While the third line is brought to the disk, and in the midst of its write."""
    sync, calls = os.fsync, []

    def synced(file):
        calls.append(1)
        if len(calls) == 3:
            interrupt()
        sync(file)

    class Torn(io.FileIO):
        def write(self, data):
            calls.append(1)
            if len(calls) == 3:
                super().write(bytes(data[: len(data) // 2]))
                interrupt()
            return super().write(data)

    def torn(path, mode="r", **kwargs):
        if mode != "ab":
            return before(path, mode, **kwargs)
        return io.BufferedWriter(Torn(path, mode))

    before = Path.open

    est = dense(At(fit=0), epochs=1)
    with patched(os, "fsync", synced):
        outcomes = {"on the disk": _resumed(BayesSearchCV, est)}
    calls.clear()
    with patched(Path, "open", torn):
        outcomes["torn"] = _resumed(BayesSearchCV, est)
    return outcomes


SINGLE = ("kept_", "unchanged_")
SCENARIOS = {
    name: function
    for name, function in globals().items()
    if name.startswith((*SINGLE, "in_", "trained_", "refit_"))
}


def outcome(function):
    try:
        return function()
    except Exception as error:  # tells the tests more than a process that has died
        return {"raised": repr(error)}


if __name__ == "__main__":
    # shells let what they start in the background ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(json.dumps({name: outcome(function) for name, function in SCENARIOS.items()}))
    sys.stdout.flush()
    BEGUN.clear()
    dense(At()).fit(X, Y)  # nobody catches this one
