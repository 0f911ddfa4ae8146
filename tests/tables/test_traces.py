"""Folds of one table need one network, which is traced once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score

import skdl.training._program as program
from tests.instances import small

FOLDS = KFold(5)


def table(n_rows=150):
    """Columns of which every fold lacks something, and two classes."""
    rng = np.random.default_rng(0)
    plans = np.array(["basic", "plus", "pro"])[rng.integers(3, size=n_rows)]
    plans[70] = "rare"
    answers = np.where(np.arange(n_rows) == 10, "yes", "no")
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n_rows),
            # some 30 of them occur at least twice, not the same in all folds
            "street": [f"street {k}" for k in rng.zipf(1.4, n_rows)],
            "plan": pd.Categorical(plans),
            "answer": pd.Categorical(answers),
            "note": np.where(np.arange(n_rows) == 140, "late", None),
        }
    )
    return X, (rng.random(n_rows) < 0.5).astype(float)


def fits(kind, X, y):
    """An estimator fitted to each of five folds."""
    estimator = small(kind, epochs=1, n_members=1)
    return [clone(estimator).fit(X.iloc[t], y[t]) for t, _ in FOLDS.split(X)]


@pytest.mark.parametrize("kind", ["TabularClassifier", "TabularRegressor"])
def test_folds_have_one_spec(kind):
    X, y = table()
    X = X.drop(columns="note")
    found = fits(kind, X, y)
    codes = {e.encode(X)[:, -1].max() for e in found}
    assert len(codes) > 2  # other numbers of streets that are not rare
    assert len({tuple(e.encoded_names_) for e in found}) == 1
    assert len({e._trained.spec for e in found}) == 1


def test_folds_make_one_trainer(monkeypatch):
    X, y = table()
    made = []

    class Counted(program.Trainer):
        def __init__(self, *args, **options):
            made.append(args)
            super().__init__(*args, **options)

    monkeypatch.setattr(program, "Trainer", Counted)
    estimator = small("TabularClassifier", epochs=1, hidden_units=(7, 5))  # not cached
    cross_val_score(estimator, X.drop(columns="note"), y, cv=FOLDS)
    assert len(made) == 1


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_text_that_a_fold_lacks_does_not_break_it(dtype):
    X, y = table()
    X["note"] = X["note"].astype(dtype)
    estimator = small("TabularClassifier", epochs=1, n_members=1)
    for rows in (X, X.to_numpy(object)):
        scores = cross_val_score(estimator, rows, y, cv=FOLDS, error_score="raise")
        assert np.isfinite(scores).all()


def test_text_where_fit_saw_gaps_alone_is_taken_for_a_gap():
    X, y = table()
    estimator = small("TabularClassifier", epochs=1).fit(X[:120], y[:120])
    late = X[140:141]
    assert late["note"].item() == "late"
    gap = estimator.predict_proba(late.assign(note=None))
    for note in ("late", 5.0, np.nan):
        assert (estimator.predict_proba(late.assign(note=note)) == gap).all()
