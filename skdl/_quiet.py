"""Import Keras and TensorFlow without their start-up messages."""

import contextlib
import os
import sys
import tempfile

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_keras():
    """Import Keras with its backend, silently.

    TensorFlow writes several lines to stderr when it is imported, before any setting
    of Python's logging counts. They are held back here, and shown if the import fails.
    A user who imports TensorFlow first, or sets ``TF_CPP_MIN_LOG_LEVEL``, sees
    everything as usual.
    """
    if "tensorflow" in sys.modules or _LEVEL in os.environ:
        import keras  # noqa: F401

        return
    os.environ[_LEVEL] = "3"  # read once, when TensorFlow is loaded
    try:
        with _held_back_stderr():
            import keras  # noqa: F401
    finally:
        os.environ.pop(_LEVEL, None)


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
