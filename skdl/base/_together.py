"""Several fits of one kind of estimator, trained as members of one program."""

import math
from dataclasses import replace
from functools import partial

from skdl.training._loop import train
from skdl.training._trained import MEMBERS

MAX_BYTES = 2**28  # of rows that are held at the same time
MAX_WORK = 2**21  # parameters times rows of a step: larger steps fill the cores alone
MAX_POSITIONS = 2**16  # of images in a step: likewise, and their layers take memory
MIN_STEPS = 1500  # of training, below which the tracing of a new program takes longer


def fit_together(fits):
    """Fit estimators, side by side where that is faster; the results are the same.

    Estimators with other networks, numbers of steps or batch sizes than their
    neighbours are fitted alone, and so are all that cannot share a program: those with
    callbacks, with rows that are loaded block by block, with much to compute in each
    step, or with optimizers that look at all weights at once.

    Parameters
    ----------
    fits : list of (estimator, callable)
        Clones of one estimator, which may differ in their random state, and functions
        that return the arguments of their ``fit``, by position and by name. They are
        fitted in place; scikit-learn's callbacks are not told.

    Returns
    -------
    list of Exception or None
        What each fit raised; the estimator is then as it was before.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; all estimators are as they were before.
    """
    fits = [_Fit(*fit) for fit in fits]
    try:
        _fit_all(fits)
    except BaseException:
        for fit in fits:
            fit.undo()
        raise
    return [fit.error for fit in fits]


def _fit_all(fits):
    waiting = {}
    held = 0
    for fit in fits:
        if not fit.prepare():
            continue
        key = _shared(fit.prepared)
        if key is None:
            fit.train_alone()
            continue
        n_bytes = fit.prepared.data.n_bytes + fit.prepared.divided.n_bytes
        if held + n_bytes > MAX_BYTES:
            held = _train(waiting)
        held += n_bytes
        waiting.setdefault(key, []).append(fit)
    _train(waiting)


class _Fit:
    """An estimator's fit in three steps, each of which may fail."""

    def __init__(self, estimator, arguments):
        self.estimator = estimator
        self.arguments = arguments
        self.before = vars(estimator).copy()
        self.prepared = None
        self.error = None

    def _try(self, step, *args):
        try:
            return step(*args)
        except Exception as error:
            self.error, self.prepared = error, None
            self.undo()
            return None

    def undo(self):
        """Let the estimator be as it was."""
        self.estimator.__dict__.clear()
        self.estimator.__dict__.update(self.before)

    def prepare(self):
        """Do all but the training; True if that went well."""
        self._try(self._prepare)
        return self.prepared is not None

    def _prepare(self):
        args, kwargs = self.arguments()
        self.estimator._validate_params()
        self.prepared = self.estimator._prepare_fit(*args, **kwargs)

    def train_alone(self):
        """Train in a program that is not shared."""
        if self.prepared is not None:
            self._try(partial(self.prepared.train, keeps=False))
            self.prepared = None  # and its rows

    def finish(self, outcomes):
        """Keep what was learnt."""
        self._try(self.prepared.finish, outcomes)
        self.prepared = None


def _shared(prepared):
    """What those that are trained together have in common; None for loners."""
    from skdl.training._data import ArrayData
    from skdl.training._program import PROGRAMS, can_have_members

    key, plan, data = prepared.key, prepared.plan, prepared.data
    layout = PROGRAMS.network(key.network).layout
    if (
        prepared.listeners
        or not isinstance(data, ArrayData)
        or 2 * key.n_members > MEMBERS
        or layout.n_parameters * plan.batch_size > MAX_WORK
        or math.prod(prepared.sample.shape[1:-1]) * plan.batch_size > MAX_POSITIONS
        or not can_have_members(key)
    ):
        return None
    return (
        key,
        plan.epochs,
        prepared.n_steps,
        plan.batch_size
        if prepared.n_steps > 1
        else None,  # a full batch may have any size
        prepared.validation is None,
    )


def _train(waiting):
    """Train all that wait, and leave none; the number of bytes that are then held."""
    for fits in waiting.values():
        size = _fits_per_program(fits)
        for start in range(0, len(fits), size):
            group = fits[start : start + size]
            if len(group) == 1 or len(group) < size:  # would need another program
                for fit in group:
                    fit.train_alone()
            else:
                _train_group(group)
    waiting.clear()
    return 0


def _fits_per_program(fits):
    """One, if a program for more would first have to be traced for little work."""
    from skdl.training._program import PROGRAMS

    first, n_members = fits[0].prepared, fits[0].prepared.key.n_members
    size = MEMBERS // n_members
    size = len(fits) // -(-len(fits) // size)  # groups of one size, few left over
    pays = first.n_steps * first.plan.epochs >= MIN_STEPS
    if pays or PROGRAMS.has_idle(replace(first.key, n_members=size * n_members)):
        return size
    return 1


def _train_group(fits):
    from skdl.training._data import ArrayData
    from skdl.training._program import PROGRAMS

    prepared = [fit.prepared for fit in fits]
    weights = [w for each in prepared for w in each.weights]
    first = prepared[0]
    plan = replace(
        first.plan,
        batch_size=max(each.plan.batch_size for each in prepared),
        seeds=[seed for each in prepared for seed in each.plan.seeds],
    )
    validation = None
    if first.validation is not None:
        validation = ArrayData.together([each.validation for each in prepared])
    try:
        with PROGRAMS.trainer(replace(first.key, n_members=len(weights))) as trainer:
            trainer.reset(weights)
            outcomes = train(
                trainer,
                ArrayData.together([each.data for each in prepared]),
                plan,
                validation=validation,
            )
    except Exception:  # of one of them, or of all: each has its own when it is alone
        for fit in fits:
            fit.train_alone()
        return
    for fit, seeds in zip(fits, [each.plan.seeds for each in prepared], strict=True):
        fit.finish(outcomes[: len(seeds)])
        outcomes = outcomes[len(seeds) :]
