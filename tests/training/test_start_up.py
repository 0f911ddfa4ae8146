"""Starting TensorFlow: what is silent, what is not swallowed, what cannot work."""

import json
import re
import subprocess
import sys
import textwrap

import pytest

# A fresh interpreter that starts TensorFlow once: all that can be told of it.
STORY = """
    import json, os, sys, threading, warnings

    def chapter(name):
        for stream in (1, 2):
            os.write(stream, f"[{name}]\\n".encode())

    class Chatter:
        "Another thread that writes lines to stderr, and counts them."

        def __init__(self, pause):
            self.n, self.running, self.stop = 0, True, threading.Event()
            self.pause, self.thread = pause, threading.Thread(target=self.write)

        def write(self):
            while self.running:
                os.write(2, b"mine\\n")
                self.n += 1
                if self.pause:
                    self.stop.wait(self.pause)

        def __enter__(self):
            self.thread.start()
            return self

        def __exit__(self, *error):
            self.running = False
            self.thread.join()

    chapter("start")
    with Chatter(0.01) as during_start:
        import skdl._keras

    chapter("first_fit")
    import numpy as np
    from skdl import DenseClassifier
    clf = DenseClassifier(epochs=1).fit(np.eye(4), [0, 1, 0, 1])
    clf.predict(np.eye(4))

    chapter("held_back")
    from skdl._keras import _held_back_stderr
    with Chatter(None) as meanwhile:
        for _ in range(100):
            with _held_back_stderr():
                sum(range(1000))

    chapter("forked")
    facts = {"during_start": during_start.n, "meanwhile": meanwhile.n}
    if sys.platform != "win32":
        import multiprocessing
        warnings.simplefilter("ignore")

        def child(queue):
            try:
                queue.put(clf.predict(np.eye(4)).tolist())
            except RuntimeError as error:
                queue.put(str(error))

        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=child, args=(queue,))
        process.start()
        facts["forked"] = queue.get(timeout=60)
        process.join()

    chapter("facts")
    print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def chapters():
    """Name -> what was written to stdout and stderr meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(STORY)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    streams = []
    for text in (done.stdout, done.stderr):
        before, *parts = re.split(r"\[(\w+)\]\n", text)
        assert before == ""
        streams.append(dict(zip(parts[::2], parts[1::2], strict=True)))
    return {name: (out, streams[1][name]) for name, out in streams[0].items()}


@pytest.fixture(scope="module")
def facts(chapters):
    return json.loads(chapters["facts"][0])


def test_a_first_fit_is_silent(chapters):
    assert chapters["first_fit"] == ("", "")
    assert chapters["facts"][1] == ""  # nor is anything said at the end


def test_what_others_write_to_stderr_meanwhile_is_kept(chapters, facts):
    assert facts["during_start"] > 0
    assert chapters["start"] == ("", "mine\n" * facts["during_start"])


def test_no_line_is_lost_when_stderr_comes_back(chapters, facts):
    assert facts["meanwhile"] > 0
    assert chapters["held_back"][1].count("mine\n") == facts["meanwhile"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_fit_in_a_forked_process_is_refused(facts):
    assert "forked" in facts["forked"]
    assert "loky" in facts["forked"]
