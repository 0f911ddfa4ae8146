"""Imports Keras and TensorFlow, without their start-up messages."""

import contextlib
import os
import re
import sys
import tempfile

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
START_UP = re.compile(
    rb"[IWEF]\d{4} \d\d:|[IWEF]0000 |WARNING: All log messages before absl|"
    rb"To enable the following instructions|"
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] "
)


@contextlib.contextmanager
def _held_back_stderr():
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (OSError, AttributeError):  # no stderr, as under pythonw
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(saved, 2)  # first, so that nobody writes while it is read
            held.seek(0)
            for line in held.readlines():
                if failed or not START_UP.match(line):  # others write there, too
                    os.write(2, line)
            os.close(saved)


# TensorFlow writes several lines to stderr when it is loaded, before any setting of
# Python's logging counts. A user who loads it first, or sets the level, sees them.
if "tensorflow" in sys.modules or LEVEL in os.environ:
    import keras
else:
    os.environ[LEVEL] = "3"  # read once, when TensorFlow is loaded
    try:
        with _held_back_stderr():
            import keras  # noqa: F401
    finally:
        os.environ.pop(LEVEL, None)
