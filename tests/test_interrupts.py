"""Ctrl-C: whoever fits in a loop hears of it, and no fit that it broke counts."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def finished():
    """The process in which all fits of `tests.interrupted` were interrupted."""
    command = [sys.executable, "-m", "tests.interrupted"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def outcomes(finished):
    """What became of them, by name."""
    assert finished.stdout, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize(
    "name",
    [
        "by_dense",
        "by_pipeline",
        "by_transformed_target",
        "by_members",
        "by_wrapper",
        "by_wrapper_that_keras_trains",
        "by_forecaster",
        "in_a_graph",
    ],
)
def test_a_fit_of_ones_own_keeps_its_weights(outcomes, name):
    """Those of a fit that was stopped at the same epoch by a callback."""
    outcome = outcomes[f"kept_{name}"]
    assert outcome["raised"] == "KeyboardInterrupt"
    (warning,) = outcome["warned"]
    assert outcome["told"] == [True]
    if name != "in_a_graph":
        assert "after 2 epochs; the weights reached so far are kept" in warning
    assert (outcome["epochs"], outcome["same"]) == (2, True)


def test_warnings_as_errors_do_not_hide_the_interrupt(outcomes):
    outcome = outcomes["kept_where_warnings_are_errors"]
    assert (outcome["raised"], outcome["epochs"]) == ("KeyboardInterrupt", 2)


@pytest.mark.parametrize(
    "name",
    [
        "in_the_first_epoch",
        "by_partial_fit",
        "wrapper",
        "between_members",
        "while_tracing",
        "while_reading_ahead",
    ],
)
def test_without_a_whole_epoch_the_estimator_stays_as_it_was(outcomes, name):
    outcome = outcomes[f"unchanged_{name}"]
    assert (outcome["raised"], outcome["warned"]) == ("KeyboardInterrupt", [])
    assert outcome["same"]


def test_every_loop_ends_with_the_fit_that_was_interrupted(outcomes):
    loops = outcomes["in_loops"]
    assert len(loops) > 25
    seen = {name: (loop["raised"], loop["begun"]) for name, loop in loops.items()}
    assert seen == dict.fromkeys(loops, ("KeyboardInterrupt", 2))


def test_in_a_thread_of_joblib(outcomes):
    outcome = outcomes["in_a_thread"]
    assert (outcome["raised"], outcome["same"]) == ("KeyboardInterrupt", True)


def test_in_a_scorer(outcomes):
    outcome = outcomes["in_a_scorer"]
    assert (outcome["raised"], outcome["scores"]) == ("KeyboardInterrupt", 2)


def test_folds_trained_side_by_side_leave_the_ensemble_as_it_was(outcomes):
    outcome = outcomes["trained_together"]
    assert (outcome["raised"], outcome["groups"]) == ("KeyboardInterrupt", [3])
    assert outcome["same"]


def test_an_ensemble_is_not_half_an_old_one_and_half_a_new_one(outcomes):
    outcome = outcomes["refit_of_ensemble"]
    assert (outcome["raised"], outcome["begun"]) == ("KeyboardInterrupt", 4)
    assert outcome["same"]


@pytest.mark.parametrize(
    "name", ["BayesSearchCV", "pruned", "NelderMeadSearchCV", "wrapper"]
)
def test_a_candidate_that_was_interrupted_is_tried_again(outcomes, name):
    """Its score is not in the journal, and the search ends as if nothing had been."""
    outcome = outcomes["in_searches"][name]
    assert (outcome["raised"], outcome["begun"]) == ("KeyboardInterrupt", 5)
    assert outcome["lines"] == 1 + 2
    assert outcome["again"] == [None, 4]  # two candidates on two folds each
    assert outcome["same"]


def test_a_journal_that_is_written_to_stays_readable(outcomes):
    whole, torn = (outcomes["in_journals"][name] for name in ("on the disk", "torn"))
    assert whole["raised"] == torn["raised"] == "KeyboardInterrupt"
    assert whole["lines"] == torn["lines"] == 3
    assert whole["again"] == [None, 4]
    assert torn["again"] == [None, 6]  # the line in question does not count
    assert (whole["same"], torn["same"]) == (True, True)


def test_a_script_dies_of_the_signal(finished):
    """So that a loop of the shell over scripts ends as well."""
    assert finished.returncode == -signal.SIGINT
    assert finished.stderr.rstrip().endswith("KeyboardInterrupt")
