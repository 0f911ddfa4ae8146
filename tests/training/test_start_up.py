"""Starting TensorFlow: what is silent, what is not swallowed, what cannot work."""

import subprocess
import sys
import textwrap

import pytest


def run(code):
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )


def test_a_first_fit_is_silent():
    done = run(
        """
        import numpy as np
        from skdl import DenseClassifier
        DenseClassifier(epochs=1).fit(np.eye(4), [0, 1, 0, 1]).predict(np.eye(4))
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_what_others_write_to_stderr_meanwhile_is_kept():
    done = run(
        """
        import os, threading
        def chatter():
            while running:
                lines.append(os.write(2, b"mine\\n"))
                stop.wait(0.01)
        lines, running, stop = [], True, threading.Event()
        thread = threading.Thread(target=chatter)
        thread.start()
        import skdl._keras
        running = False
        thread.join()
        print(len(lines))
        """
    )
    assert done.stderr == "mine\n" * int(done.stdout)


def test_no_line_is_lost_when_stderr_comes_back():
    done = run(
        """
        import os, threading
        from skdl._keras import _held_back_stderr
        def chatter():
            global n
            while running:
                os.write(2, b"mine\\n")
                n += 1
        n, running = 0, True
        thread = threading.Thread(target=chatter)
        thread.start()
        for _ in range(100):
            with _held_back_stderr():
                sum(range(1000))
        running = False
        thread.join()
        print(n)
        """
    )
    assert done.stderr.count("mine\n") == int(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_fit_in_a_forked_process_is_refused():
    done = run(
        """
        import multiprocessing, warnings
        import numpy as np
        from skdl import DenseClassifier
        warnings.simplefilter("ignore")
        clf = DenseClassifier(epochs=1).fit(np.eye(4), [0, 1, 0, 1])
        def child(queue):
            try:
                queue.put(clf.predict(np.eye(4)))
            except RuntimeError as error:
                queue.put(str(error))
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=child, args=(queue,))
        process.start()
        print(queue.get(timeout=60))
        process.join()
        """
    )
    assert "forked" in done.stdout
    assert "loky" in done.stdout
