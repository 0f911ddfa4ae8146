"""Ctrl-C in a search with processes: none of them counts a fit that it broke."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_workers_that_are_interrupted(tmp_path):
    """The search ends at once, and goes on with that candidate when it is resumed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.model_selection.interrupted_workers", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=300,
    )
    assert done.stdout, done.stderr
    results = json.loads(done.stdout)
    for outcome in results["outcomes"]:
        assert outcome["raised"] == "KeyboardInterrupt"
        assert outcome["seconds"] < 10
        assert "4" not in outcome["known"]
        assert outcome["scores"] == results["scores"]
