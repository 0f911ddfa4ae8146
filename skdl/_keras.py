"""Imports Keras and TensorFlow, without their start-up messages."""

import contextlib
import os
import sys
import tempfile

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


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
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
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
