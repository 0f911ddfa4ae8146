"""What is left of a fit that fails: nothing, or what it learnt before an interrupt."""

import functools

from skdl._remarks import warn_user
from skdl.exceptions import TrainingInterruptedWarning


def or_unchanged(method):
    """Make a method leave the estimator as it was when it fails.

    What `keep_after` has let it keep stays.
    """

    @functools.wraps(method)
    def wrapped(self, *args, **kwargs):
        before = self.__dict__.copy()
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            if not has_kept(self, error):
                self.__dict__.clear()
                self.__dict__.update(before)
            raise

    return wrapped


def keep_after(interrupt, estimator, n_epochs, keep, *args):
    """Let an estimator keep what it has learnt, in spite of the interrupt to come.

    The interrupt goes on to the caller in any case, for only that ends the loop which
    the fit may be in. So whatever `keep` raises gives way to it, and so does a warning
    that was made an error: a search would take them for a fit that failed.

    Parameters
    ----------
    interrupt : KeyboardInterrupt
        To be raised again by whoever calls this.
    estimator : estimator
        Whose fit it is.
    n_epochs : int
        Epochs that were finished.
    keep : callable
        Is called with `args`, and gives the estimator what it has learnt. If it fails,
        `or_unchanged` sees to it that the estimator is as it was.
    *args : object
        For `keep`.

    Warns
    -----
    TrainingInterruptedWarning
        Once for an interrupt.
    """
    kept = getattr(interrupt, "_kept_by", [])
    try:
        keep(*args)
        interrupt._kept_by = [*kept, estimator]
        if not kept:
            epochs = "1 epoch" if n_epochs == 1 else f"{n_epochs} epochs"
            text = (
                f"Training interrupted by the user after {epochs}; the weights reached "
                "so far are kept."
            )
            warn_user(TrainingInterruptedWarning(text))
    except Exception:
        return


def has_kept(estimator, error):
    """Whether an estimator has kept what it had learnt before this error.

    Parameters
    ----------
    estimator : estimator
        Any.
    error : BaseException
        Any.

    Returns
    -------
    bool
        True only for interrupts of its training.
    """
    return any(estimator is kept for kept in getattr(error, "_kept_by", ()))
