"""Journals: a search that was killed goes on, and ends as if it had not been."""

import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from skdl._fingerprint import fingerprint, fingerprints
from skdl.model_selection import BayesSearchCV, NelderMeadSearchCV
from skdl.model_selection._journal import Journal
from tests.instances import small
from tests.model_selection.surfaces import SPACES, Surface, n_fits, surface_data

ROOT = Path(__file__).parents[2]
SEARCHES = [BayesSearchCV, NelderMeadSearchCV]
both = pytest.mark.parametrize("Search", SEARCHES)

SCRIPT = """
import sys
from skdl.model_selection import {name}
from tests.model_selection.surfaces import SPACES, Surface, surface_data
log, journal, die_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
search = {name}(
    Surface(log=log, die_at=die_at), SPACES, n_iter=8, cv=3, random_state=0,
    journal=journal, refit=False, **{kwargs}
)
search.fit(*surface_data())
"""


@both
@pytest.mark.parametrize("die_at", [2, 38], ids=["at the start", "in the middle"])
def test_killed_and_started_again(tmp_path, Search, die_at):
    """No trial that was finished is fitted twice, and the result is the same."""
    log, journal = tmp_path / "log", tmp_path / "search.jsonl"
    code = SCRIPT.format(name=Search.__name__, kwargs="{}")
    command = [sys.executable, "-c", code, str(log), str(journal), str(die_at)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == -9, run.stderr
    assert n_fits(log) == die_at
    finished = (die_at - 1) // 3
    assert len(journal.read_text().splitlines()) == 1 + finished

    whole = Search(Surface(), SPACES, n_iter=8, cv=3, random_state=0, refit=False)
    whole.fit(*surface_data())
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    n_trials = len(whole.cv_results_["params"])
    # the fits of the one trial that was cut off are done again
    assert n_fits(log) == 3 * n_trials + (die_at - 3 * finished)

    again = Search(
        Surface(log=str(log), die_at=die_at),
        SPACES,
        n_iter=8,
        cv=3,
        random_state=0,
        refit=False,
        journal=journal,
    ).fit(*surface_data())
    assert n_fits(log) == 3 * n_trials + (die_at - 3 * finished)  # not one more
    assert again.cv_results_["params"] == whole.cv_results_["params"]
    for name in ("split0_test_score", "mean_test_score", "rank_test_score"):
        np.testing.assert_array_equal(again.cv_results_[name], whole.cv_results_[name])
    assert again.best_params_ == whole.best_params_


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"n_points": 3},
        {"prune": True},
        {"n_points": 3, "prune": True},
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"},
        {"return_train_score": True},
    ],
    ids=str,
)
def test_goes_on_from_any_line(tmp_path, iris, kwargs):
    """Also in the midst of a batch, and with trials in the order of their ends."""
    search = partial(
        BayesSearchCV,
        LogisticRegression(max_iter=1000),
        {"C": (1e-3, 1e3, "log-uniform"), "solver": ["lbfgs", "newton-cg"]},
        init_points=4,
        n_iter=4,
        cv=3,
        random_state=0,
        **kwargs,
    )
    journal = tmp_path / "search.jsonl"
    whole = search(journal=journal).fit(*iris)
    lines = journal.read_text().splitlines(keepends=True)
    assert len(lines) == 9
    for known in ([1], [1, 2, 3, 4, 6, 5], [3, 1, 5]):
        journal.write_text("".join(lines[i] for i in [0, *known]))
        again = search(journal=journal).fit(*iris)
        assert again.cv_results_["params"] == whole.cv_results_["params"]
        for name, column in whole.cv_results_.items():
            if name.endswith("_score") and "time" not in name:
                np.testing.assert_array_equal(again.cv_results_[name], column)
        assert again.best_params_ == whole.best_params_
        assert len(journal.read_text().splitlines()) == 9


def searched(journal, **changes):
    parameters = {"n_iter": 4, "cv": 3, "random_state": 0, "refit": False, **changes}
    X, y = parameters.pop("data", surface_data())
    estimator = parameters.pop("estimator", Surface())
    spaces = parameters.pop("spaces", SPACES)
    return BayesSearchCV(estimator, spaces, journal=journal, **parameters).fit(X, y)


def test_a_longer_search_goes_on_from_a_shorter_one(tmp_path):
    log = str(tmp_path / "log")
    journal = tmp_path / "search.jsonl"
    searched(journal, estimator=Surface(log=log))
    longer = searched(
        journal,
        estimator=Surface(log=log),
        n_iter=8,
        n_jobs=2,
        timeout=1e6,
        patience=99,
    )
    assert n_fits(log) == 18 * 3
    whole = searched(None, n_iter=8)
    assert longer.cv_results_["params"] == whole.cv_results_["params"]
    elapsed = longer.convergence()["elapsed"]
    assert elapsed.is_monotonic_increasing


def test_without_a_seed_the_journal_keeps_the_one_drawn(tmp_path):
    journal = tmp_path / "search.jsonl"
    first = searched(journal, random_state=None)
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:5]))
    second = searched(journal, random_state=None)
    assert first.cv_results_["params"] == second.cv_results_["params"]


@pytest.mark.parametrize("torn", ['{"trial": 1', '{"trial": 14, "po\x00\x00\n', "\n"])
def test_a_torn_last_line_is_dropped(tmp_path, torn):
    journal = tmp_path / "search.jsonl"
    whole = searched(journal)
    text = journal.read_text()
    lines = text.splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]) + torn)
    again = searched(journal)
    assert again.cv_results_["params"] == whole.cv_results_["params"]
    assert len(journal.read_text().splitlines()) == len(lines)
    assert all(json.loads(line) for line in journal.read_text().splitlines())


def test_a_torn_first_line_is_a_new_journal(tmp_path):
    journal = tmp_path / "search.jsonl"
    searched(journal)
    whole = journal.read_text().splitlines(keepends=True)
    journal.write_text(whole[0][:50])
    searched(journal)
    assert journal.read_text().splitlines(keepends=True)[0] == whole[0]


def test_a_damaged_line_in_the_middle_is_told(tmp_path):
    journal = tmp_path / "search.jsonl"
    searched(journal)
    lines = journal.read_text().splitlines(keepends=True)
    lines[3] = lines[3][:40] + "\n"
    journal.write_text("".join(lines))
    with pytest.raises(ValueError, match=r"line 4 is damaged\. Delete that line"):
        searched(journal)
    assert journal.read_text() == "".join(lines)


def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path):
    journal = tmp_path / "notes.txt"
    for text in ("my notes", "my notes\n", '{"a": 1}\n'):
        journal.write_text(text)
        with pytest.raises(ValueError, match=r"notes\.txt.* no journal of a search"):
            searched(journal)
        assert journal.read_text() == text


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        searched(tmp_path / "none" / "search.jsonl")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"estimator": Surface(n=2)}, "estimator's n"),
        ({"estimator": LogisticRegression()}, "estimator, "),
        ({"spaces": {**SPACES, "x": (-1.0, 2.0)}}, "search_spaces"),
        ({"data": surface_data(seed=1)}, "X"),
        ({"data": surface_data(n=58)}, "X, y, folds"),
        ({"cv": KFold(3, shuffle=True, random_state=0)}, "folds"),
        ({"cv": 4}, "folds"),
        ({"scoring": "accuracy"}, "scoring"),
        ({"random_state": 1}, "random_state"),
        ({"init_points": 9}, "init_points"),
        ({"acquisition": "ucb"}, "acquisition"),
        ({"n_points": 2}, "n_points"),
        ({"prune": True}, "prune"),
        ({"error_score": 0.0}, "error_score"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_journal_of_another_search_is_refused(tmp_path, changes, named):
    journal = tmp_path / "search.jsonl"
    searched(journal)
    before = journal.read_text()
    if "LogisticRegression" in str(changes):
        changes = {**changes, "spaces": {"C": (0.1, 1.0)}}
    with pytest.raises(ValueError, match="belongs to a different search") as info:
        searched(journal, **changes)
    assert named in str(info.value)
    assert "give another file name" in str(info.value)
    assert journal.read_text() == before


def test_a_function_with_another_body_is_another_search(tmp_path):
    journal = tmp_path / "search.jsonl"
    first = searched(journal, scoring=lambda e, X, y: e.score(X, y))
    again = searched(journal, scoring=lambda e, X, y: e.score(X, y))
    assert again.cv_results_["params"] == first.cv_results_["params"]
    with pytest.raises(ValueError, match="What differs: scoring"):
        searched(journal, scoring=lambda e, X, y: -e.score(X, y))


SIGN = 1


def sign():
    return SIGN


def signed_score(estimator, X, y):
    return sign() * estimator.score(X, y)


def test_what_a_function_reads_is_part_of_the_search(tmp_path, monkeypatch):
    journal, whole = tmp_path / "search.jsonl", {"n_iter": 2, "cv": 2}
    first = searched(journal, scoring=signed_score, **whole)
    monkeypatch.setitem(globals(), "SIGN", -1)
    with pytest.raises(ValueError, match="What differs: scoring"):
        searched(journal, scoring=signed_score, **whole)
    monkeypatch.setitem(globals(), "SIGN", 1)
    again = searched(journal, scoring=signed_score, **whole)
    assert again.best_score_ == first.best_score_


class Scored(Surface):
    def score(self, X, y):
        return sign() * super().score(X, y)


@pytest.mark.parametrize("of", [Scored(), partial(signed_score, None), [signed_score]])
def test_fingerprint_follows_what_code_reads(of, monkeypatch):
    describe = fingerprints if isinstance(of, Surface) else fingerprint
    before = describe(of)
    assert describe(of) == before
    monkeypatch.setitem(globals(), "SIGN", -1)
    assert describe(of) != before


def test_names_of_keras_objects_do_not_count():
    """They are counted up: adam, adam_1."""
    import keras

    first, second = keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)
    assert fingerprint(first) == fingerprint(second)


def test_weights_of_a_network_count():
    """Of one that is trained further, or that a loss calls."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    of_loss = {"loss": lambda y_true, y_pred: model(y_pred) - model(y_true)}
    before = fingerprint(model), fingerprint(of_loss)
    assert (fingerprint(model), fingerprint(of_loss)) == before
    model.set_weights([weights + 1 for weights in model.get_weights()])
    assert fingerprint(model) != before[0]
    assert fingerprint(of_loss) != before[1]


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"cannot tell whether .* leave journal out"):
        fingerprint({"a": [threading.Lock()]})


def test_two_searches_at_a_time_are_kept_apart(tmp_path):
    pytest.importorskip("fcntl")
    from skdl.model_selection._spaces import Space

    path = tmp_path / "search.jsonl"
    running = Journal(path, {"X": "1"}, 5, Space(SPACES))
    with pytest.raises(ValueError, match=r"by a search that is running\. Wait"):
        searched(path)
    running.close()
    with pytest.raises(ValueError, match="belongs to a different search"):
        searched(path)


def test_lines_can_be_read_by_pandas(tmp_path):
    journal = tmp_path / "search.jsonl"
    search = searched(journal)
    frame = pd.read_json(journal, lines=True).iloc[1:]
    assert len(frame) == 14
    assert frame["trial"].tolist() == list(range(14))
    assert frame["params"].iloc[0] == {
        name: repr(value) for name, value in search.cv_results_["params"][0].items()
    }


def test_a_network_in_a_pipeline_goes_on(tmp_path, iris):
    from sklearn.pipeline import make_pipeline

    journal = tmp_path / "search.jsonl"
    search = partial(
        BayesSearchCV,
        make_pipeline(StandardScaler(), small()),
        {
            "denseclassifier__learning_rate": (1e-3, 0.1, "log-uniform"),
            "denseclassifier__hidden_units": [(4,), (8, 4)],
        },
        init_points=2,
        n_iter=2,
        cv=2,
        random_state=0,
        scoring="neg_log_loss",
        journal=journal,
    )
    whole = search().fit(*iris)
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:3]))
    again = search().fit(*iris)
    np.testing.assert_array_equal(
        again.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"]
    )


def test_fingerprints_are_the_same_in_another_process(iris):
    """Also of frames with strings, functions, Keras objects, nested estimators."""
    code = (
        "from tests.model_selection.test_journal import things;"
        "import json; print(json.dumps(things()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "1", "PATH": ""},
    )
    assert json.loads(run.stdout) == things()
    assert len(set(things())) == len(things())


def things():
    """Fingerprints of values that a search may hold."""
    import keras
    from sklearn.ensemble import StackingClassifier
    from sklearn.pipeline import make_pipeline

    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, np.nan], "c": [True, False]})
    values = [
        frame,
        frame.iloc[::-1],
        {"a": set("abcdefghijklmnopqrstuvwxyz")},  # in each process in another order
        {"a": {"x", "y"}},
        searched,
        keras.optimizers.Adam(0.01),
        keras.optimizers.Adam(0.02),
        [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.01)],
        make_pipeline(StandardScaler(), small(optimizer=keras.optimizers.Adam(0.01))),
        make_pipeline(StandardScaler(), small(optimizer=keras.optimizers.Adam(0.03))),
        make_adder(1),
        make_adder(2),
        lambda x: x + 1,
        lambda x: x - 1,
        partial(searched, n_iter=1),
        partial(searched, n_iter=2),
        make_scorer(accuracy_score),
        make_scorer(accuracy_score, greater_is_better=False),
        make_scorer(lambda y, p: 1.0),
        make_scorer(lambda y, p: 2.0),
        (1, 2.0, "three"),
        [1, 2.0, "three"],
        (True, 2.0, "three"),
        np.arange(3),
        np.arange(3.0),
    ]
    stack = StackingClassifier([("a", small()), ("b", LogisticRegression())])
    return [*map(fingerprint, values), fingerprint(fingerprints(stack))]


def make_adder(n):
    """A function that cannot be pickled."""
    return lambda x: x + n


def test_two_trials_of_a_journal_are_what_they_were(tmp_path):
    """Scores survive to the bit, NaN and infinity included."""
    from skdl.model_selection._spaces import Space
    from skdl.model_selection._trials import Trial

    space = Space(SPACES)
    fold = {
        "fit_error": None,
        "test_scores": {"a": np.float64(1 / 3), "b": -np.inf, "c": np.nan},
        "fit_time": 0.1,
        "score_time": 0.2,
        "n_test_samples": np.int64(3),
    }
    point = (0.1 + 0.2, 1 / 3, 2)
    path = tmp_path / "search.jsonl"
    journal = Journal(path, {"X": "1"}, 5, space)
    journal.add(Trial(0, point, space.params(point), [fold, None], 1.5))
    journal.close()
    restored = Journal(path, {"X": "1"}, 6, space)
    assert restored.seed == 5
    trial = restored.find(point)
    assert trial.folds[1] is None
    assert trial.folds[0]["test_scores"]["a"] == 1 / 3
    np.testing.assert_equal(trial.folds[0]["test_scores"], fold["test_scores"])
    assert restored.points(0, 1) == [point]
    assert restored.points(0, 2) is None
    assert restored.elapsed == 1.5
