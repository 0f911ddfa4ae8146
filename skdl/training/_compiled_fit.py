"""Training and predictions of a user's compiled model by the engine."""

import math

import keras
import numpy as np
import scipy.sparse as sp

from skdl.training._compiled_objective import Compiled
from skdl.training._data import ArrayData, StreamData
from skdl.training._keras_callbacks import CallbacksOfModel
from skdl.training._loop import Plan, train
from skdl.training._optimizers import taken_apart, unwrapped
from skdl.training._player import Player
from skdl.training._program import PROGRAMS, ProgramKey, check_backend
from skdl.training._progress import PrintedProgress
from skdl.training._schedules import rates_of_steps
from skdl.training._user_model import UserModel
from skdl.training._weights import Layout

DEFAULT_BATCH_SIZE = 32  # of keras.Model.fit


def fit_compiled(
    model,
    spec,
    rows,
    validation=None,
    *,
    epochs,
    initial_epoch=0,
    batch_size=None,
    validation_batch_size=None,
    shuffle=True,
    callbacks=(),
    listeners=(),
    verbose=0,
    seed=0,
    keep=None,
):
    """Train a compiled model as ``model.fit`` does.

    Parameters
    ----------
    model : keras.Model
        Built, compiled, and one that the engine can train: see `why_not`. Its weights
        and the state of its optimizer are those where training begins, and ends.
    spec : NetworkSpec
        From `compiled_network`.
    rows : tuple of (X, y, sample_weight)
        Arrays as Keras takes them; X may be sparse, and the weights None.
    validation : tuple of (X, y, sample_weight) or None, default=None
        Likewise.
    epochs, initial_epoch, batch_size, validation_batch_size, shuffle, verbose : object
        As in ``Model.fit``: `epochs` is the number of the last one.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Without methods for batches.
    listeners : sequence of Listener, default=()
        Told of every epoch before the callbacks.
    seed : int, default=0
        Of the order of rows.
    keep : callable, default=None
        ``keep(interrupt, history)`` is called if Ctrl-C ends the training after its
        first epoch, when the model has what was reached so far; then the interrupt
        goes on.

    Returns
    -------
    dict of str to list
        What ``Model.fit(...).history`` has.

    Raises
    ------
    skdl.exceptions.TrainingDivergedError
        If the loss becomes NaN or infinite.
    AssignsWeights
        If a layer assigns weights in its ``call``, before anything is trained.
    """
    check_backend()
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    optimizer, rate, schedule = taken_apart(model.optimizer)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    parts = [rows] if validation is None else [rows, validation]
    data = [_data(*part, dtype=keras.config.floatx()) for part in parts]
    n_steps = math.ceil(data[0].sizes[0] / batch_size)
    key = ProgramKey(
        (Player(spec, optimizer),),
        Compiled(weighted=any(weight is not None for *_, weight in parts)),
        rows[1].shape[1:],
        rows[1].dtype.name,
        x_dtype=data[0].x_dtype,
    )
    network = PROGRAMS.network(spec, look=True)
    plan = Plan(
        epochs=epochs - initial_epoch,
        batch_size=min(batch_size, data[0].sizes[0]),
        rates=_rates(model.optimizer, rate, schedule, initial_epoch),
        seeds=[seed],
        first_epoch=initial_epoch,
        shuffle=bool(shuffle),
        tells_rate=False,
    )

    def end(outcome):
        beside.write_weights(outcome.weights)
        beside.write_optimizer()
        if outcome.n_epochs:
            last = {name: values[-1] for name, values in outcome.history.items()}
            beside.write_metrics(last)
        model.history = keras.callbacks.History()
        model.history.set_model(model)
        model.history.history = outcome.history
        epochs = range(initial_epoch, initial_epoch + outcome.n_epochs)
        model.history.epoch = [*epochs]
        return outcome.history

    def end_early(interrupt, outcomes):
        keep(interrupt, end(*outcomes))

    with PROGRAMS.trainer(key) as trainer:
        beside = UserModel(trainer, model)
        trainer.reset([beside.read_weights()])
        beside.read_optimizer()
        trainer.trace()
        beside.build_metrics()
        if spec.build.has_code:  # before the user may change what it reads
            network.predictor(apart=True).trace()
        trainer.evaluated_at_once = validation_batch_size or batch_size
        trainer.counters.names = _names(network.model, model)
        listeners = [*listeners]
        if callbacks:
            listeners.append(
                CallbacksOfModel(callbacks, beside, n_steps=n_steps, verbose=verbose)
            )
        if verbose:
            listeners.append(PrintedProgress())
        (outcome,) = train(
            trainer,
            data[0],
            plan,
            validation=data[1] if validation is not None else None,
            listeners=listeners,
            keep=end_early if keep is not None else None,
        )
        if outcome.error is not None:
            raise outcome.error
        return end(outcome)


def put_weights(model, weights):
    """Give a model weights that the engine has reached.

    Parameters
    ----------
    model : keras.Model
        Like that which is trained.
    weights : Weights
        Of `Trainer.weights`.
    """
    layout = Layout(model, None)
    layout.write(layout.variables(model), weights)


def predict_compiled(model, spec, X):
    """The outputs of a compiled model with its present weights.

    Parameters
    ----------
    model : keras.Model
        Built, and one that the engine can compute: see `why_not`.
    spec : NetworkSpec
        From `compiled_network`.
    X : ndarray or csr_matrix of shape (n_rows, ...)
        Rows of any number.

    Returns
    -------
    ndarray of shape (n_rows, ...)
        What ``model.predict`` gives.
    """
    network = PROGRAMS.network(spec)
    predictor = network.predictor(apart=True)
    loaded = [predictor.live(*network.layout.variables(model))]
    return predictor(loaded, X)


def _data(X, y, weight, *, dtype):
    """Rows for the loop, whose losses are means over rows whatever they weigh."""
    weight = np.ones(len(y), dtype) if weight is None else weight
    if sp.issparse(X):
        data = StreamData(
            lambda rows: X[rows].toarray(),
            X.shape[1:],
            y,
            weight,
            dtype=dtype,
            x_dtype=X.dtype.name,
        )
    else:
        data = ArrayData(X, y, weight, dtype=dtype, x_dtype=X.dtype.name)
    data.total_weights = [float(len(y))]
    return data


def _names(pattern, model):
    """Names of the pattern's metrics -> names of the model's, which are counted up."""
    named = [
        [
            metric.name
            for name in ("metrics", "weighted_metrics")
            for metric in keras.tree.flatten(each._compile_config.config.get(name))
            if isinstance(metric, keras.metrics.Metric)
        ]
        for each in (pattern, model)
    ]
    return dict(zip(*named, strict=True))


def _rates(optimizer, rate, schedule, initial_epoch):
    """Learning rates of steps; a schedule goes on from the optimizer's step."""
    if schedule is None:
        return lambda epoch, n_steps: np.full(n_steps, rate)
    taken = int(unwrapped(optimizer)._iterations)

    def rates(epoch, n_steps):
        steps = taken + (epoch - initial_epoch) * n_steps + np.arange(n_steps)
        return rates_of_steps(schedule, steps, epoch)

    return rates
