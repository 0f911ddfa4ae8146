"""Keras callbacks as listeners of the epoch loop."""

import copy

import keras

from skdl._remarks import warn_user
from skdl.exceptions import CallbackWarning
from skdl.training._loop import Listener
from skdl.training._optimizers import has_schedule

# What Keras's own callbacks look at in a model after an epoch, but for its learning
# rate. All others may look at everything, and change it.
_NOTHING, _WEIGHTS, _ALL = range(3)
_LOOKS_AT = {
    keras.callbacks.CSVLogger: _NOTHING,
    keras.callbacks.EarlyStopping: _WEIGHTS,
    keras.callbacks.History: _NOTHING,
    keras.callbacks.LearningRateScheduler: _NOTHING,
    keras.callbacks.ReduceLROnPlateau: _NOTHING,
    keras.callbacks.RemoteMonitor: _NOTHING,
    keras.callbacks.TerminateOnNaN: _NOTHING,
}
_PREDICTION_EVENTS = (
    "on_predict_begin",
    "on_predict_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)
_BATCH_EVENTS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


class KerasCallbacks(Listener):
    """Lets Keras callbacks see a real, compiled ``keras.Model`` after every epoch.

    What a callback does to the model counts: new weights, another
    ``model.optimizer.learning_rate``, ``model.stop_training``.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Deep-copied: a second fit begins with fresh ones.
    layout : Layout
        Reads and writes the model's weights.
    make_model : callable
        Builds the model that the callbacks see; variables as in the trained network.
    make_optimizer : callable
        Makes what the model is compiled with.
    compile_model : callable
        ``compile_model(model, optimizer)``.
    n_steps : int
        Steps of one epoch, for ``callback.params``.
    verbose : int
        For ``callback.params``.

    Raises
    ------
    TypeError
        If something else than a Keras callback is among them.
    """

    def __init__(
        self,
        callbacks,
        layout,
        make_model,
        make_optimizer=None,
        compile_model=None,
        *,
        n_steps,
        verbose,
    ):
        self._callbacks = [_checked(callback) for callback in callbacks]
        self._layout = layout
        self._make_model = make_model
        self._make_optimizer = make_optimizer
        self._compile = compile_model
        self._n_steps = n_steps
        self._verbose = verbose

    def on_train_begin(self, run):
        """Build the model and tell the callbacks.

        Parameters
        ----------
        run : Run
            The state of training.
        """
        self._model = self._make_model()
        self._variables = self._layout.variables_of_members(
            self._model, len(run.plan.seeds)
        )
        optimizer = self._make_optimizer()
        optimizer.build(self._model.trainable_variables)  # for those who save it
        self._compile(self._model, optimizer)
        self._begin(run, copy.deepcopy(self._callbacks))

    def _begin(self, run, callbacks):
        self._model.stop_training = False
        self._seen = _Logs()
        self._list = keras.callbacks.CallbackList(
            [*callbacks, self._seen],
            model=self._model,
            epochs=run.plan.first_epoch + run.plan.epochs,
            steps=self._n_steps,
            verbose=self._verbose,
        )
        self._push(run)
        self._list.on_train_begin()
        self._pull(run)

    def on_epoch_begin(self, run, epoch, learning_rate):
        """Show the learning rate and take back what callbacks made of it.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        learning_rate : float
            Planned for this epoch.
        """
        self._planned = learning_rate
        self._n_epochs = epoch
        self._tell(run, self._list.on_epoch_begin, epoch)
        self._pull(run)

    def on_epoch_end(self, run, epoch, logs):
        """Show the weights and take back what callbacks made of them.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        logs : dict
            May be added to by the callbacks.
        """
        self._push(run)
        self._n_epochs = epoch + 1
        self._tell(run, self._list.on_epoch_end, epoch, logs)
        logs.update(self._seen.logs)
        self._pull(run)
        run.stop |= bool(self._model.stop_training)

    def on_train_end(self, run):
        """Tell the callbacks.

        Parameters
        ----------
        run : Run
            The state of training.
        """
        self._push(run)
        self._list.on_train_end(self._seen.logs)
        self._pull(run)

    def _tell(self, run, event, *args):
        optimizer = self._model.optimizer
        optimizer.iterations.assign(self._n_epochs * self._n_steps)
        optimizer.learning_rate = self._planned * run.learning_rate_factor
        shown = float(optimizer.learning_rate)
        event(*args)
        wanted = float(optimizer.learning_rate)
        if wanted != shown and self._planned:
            run.learning_rate_factor = wanted / self._planned

    def _read(self):
        """The weights that the model has, of each member."""
        return [self._layout.read(variables) for variables in self._variables]

    def _write(self, members):
        """Give the model weights."""
        for variables, weights in zip(self._variables, members, strict=True):
            self._layout.write(variables, weights)

    def _push(self, run):
        self._players = run.weights()
        # the model that callbacks see is that of the player that answers
        self._weights = [players[run.trainer.answers] for players in self._players]
        self._write(self._weights)

    def _pull(self, run):
        present = self._read()
        if any(
            (a != b).any()
            for new, old in zip(present, self._weights, strict=True)
            for a, b in zip(
                [new.trainable, *new.state], [old.trainable, *old.state], strict=True
            )
        ):
            run.set_weights(
                [
                    {**players, run.trainer.answers: weights}
                    for players, weights in zip(self._players, present, strict=True)
                ]
            )


class CallbacksOfModel(KerasCallbacks):
    """The callbacks of a user's compiled model, which see that model itself.

    They are used themselves, as in ``Model.fit``: what they keep can be read later.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Without methods for batches: see `hears_of_batches`.
    user_model : UserModel
        The model, built and compiled, its optimizer built.
    n_steps : int
        Steps of one epoch, for ``callback.params``.
    verbose : int
        For ``callback.params``.
    """

    def __init__(self, callbacks, user_model, *, n_steps, verbose):
        super().__init__(callbacks, None, None, n_steps=n_steps, verbose=verbose)
        self._beside = user_model

    def on_train_begin(self, run):
        """Tell the callbacks.

        Parameters
        ----------
        run : Run
            The state of training.
        """
        self._model = self._beside.model
        self._began = self._compiled()
        self._shown = _ALL
        self._begin(run, self._callbacks)
        if not has_schedule(self._model.optimizer):  # whose rate is that of a step
            seen = [_LOOKS_AT.get(type(each), _ALL) for each in self._callbacks]
            self._shown = max(seen, default=_NOTHING)

    def on_epoch_begin(self, run, epoch, learning_rate):
        """Tell those who hear of it; see the base class.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        learning_rate : float
            Planned for this epoch.
        """
        if any(_hears(each, "on_epoch_begin") for each in self._callbacks):
            super().on_epoch_begin(run, epoch, learning_rate)

    def on_epoch_end(self, run, epoch, logs):
        """Show the metrics as well; see the base class.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        logs : dict
            May be added to by the callbacks.
        """
        if self._shown == _ALL:
            self._beside.write_metrics(logs)
        super().on_epoch_end(run, epoch, logs)

    def on_train_end(self, run):
        """Show everything; see the base class.

        Parameters
        ----------
        run : Run
            The state of training.
        """
        self._shown = _ALL
        super().on_train_end(run)

    def _tell(self, run, event, *args):
        event(*args)
        if not has_schedule(self._model.optimizer):
            run.learning_rate = float(self._model.optimizer.learning_rate)

    def _read(self):
        return [self._beside.read_weights()]

    def _write(self, members):
        (weights,) = members
        self._beside.write_weights(weights)

    def _push(self, run):
        if self._shown >= _WEIGHTS:
            super()._push(run)
        if self._shown == _ALL:
            self._beside.write_optimizer()

    def _pull(self, run):
        if self._shown < _ALL:
            return
        if self._compiled() != self._began:
            raise ValueError(
                "A callback froze layers or compiled the model again, which skdl "
                "does not follow within a fit. Let Keras train by run_eagerly=True, "
                "or use several fits with warm_start=True."
            )
        super()._pull(run)
        self._beside.read_optimizer()

    def _compiled(self):
        config = getattr(self._model, "_compile_config", None)
        return id(config), [v.trainable for v in self._model.variables]


class _Logs(keras.callbacks.Callback):
    """The last in the list: sees what the others have added."""

    logs = None

    def on_epoch_end(self, epoch, logs=None):
        self.logs = dict(logs or {})


def _checked(callback):
    if not isinstance(callback, keras.callbacks.Callback):
        raise TypeError(
            f"callbacks holds {callback!r}, which is no keras.callbacks.Callback. Pass "
            "scikit-learn callbacks by set_callbacks(...) instead."
        )
    cls = type(callback)
    unheard = hears_of_batches(callback)
    if unheard:
        text = (
            f"{cls.__name__}.{unheard[0]} is never called: skdl computes whole epochs "
            "at once. Use on_epoch_end instead."
        )
        warn_user(CallbackWarning(text))
    return callback


def hears_of_batches(callback):
    """Events within epochs that a callback has methods for.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Any; those of Keras itself do without such events unless told otherwise.

    Returns
    -------
    list of str
        Names of methods.
    """
    own = not type(callback).__module__.startswith("keras.")
    unheard = [
        event
        for event in _BATCH_EVENTS
        if _hears(callback, event) and (own or event in vars(callback))
    ]
    if getattr(callback, "save_freq", "epoch") != "epoch":  # of ModelCheckpoint
        unheard.append("on_train_batch_end")
    return unheard


def hears_of_predictions(callback):
    """Whether a callback has a method for what happens in ``Model.predict``.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Any.

    Returns
    -------
    bool
        False for most of Keras's own.
    """
    return any(_hears(callback, event) for event in _PREDICTION_EVENTS)


def _hears(callback, event):
    """Whether a callback's method is its own, or set by ``LambdaCallback``."""
    inherited = getattr(keras.callbacks.Callback, event)
    return event in vars(callback) or getattr(type(callback), event) is not inherited
