"""Which part of a fit skdl's engine does for a user's Keras model, and which Keras."""

import inspect
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from skdl._inputs import refuse_overflow, row_blocks
from skdl._keras import keras
from skdl._seeds import names_as_before
from skdl.base._estimator import PREDICT_BYTES
from skdl.base._training import DENSE_BYTES
from skdl.base._unchanged import has_kept, keep_after
from skdl.estimators._keras_building import flat, single
from skdl.estimators._keras_learnt import remark_if_nothing_learnt
from skdl.estimators._keras_seeds import seeded
from skdl.estimators._keras_validation import (
    as_training_rows,
    encoded,
    last_rows_apart,
    plain,
    remark_on_scales,
    stand_in,
    why_not_with,
)
from skdl.estimators._scikeras import (
    metric_name,
    route_params,
)
from skdl.exceptions import TrainingDivergedError
from skdl.training._compiled import as_keras, build, compiled_network, why_not
from skdl.training._compiled_fit import fit_compiled, predict_compiled
from skdl.training._keras_callbacks import hears_of_batches, hears_of_predictions
from skdl.training._loop import Run
from skdl.training._program import PROGRAMS
from skdl.training._tensorflow import AssignsWeights, global_seed

# arguments of Model.fit that the engine understands
_OF_FIT = frozenset(
    {
        "batch_size",
        "callbacks",
        "epochs",
        "initial_epoch",
        "sample_weight",
        "shuffle",
        "validation_batch_size",
        "validation_data",
        "validation_split",
        "verbose",
    }
)
_WITHOUT_EFFECT = {"validation_freq": 1}  # where it is so


class KerasTraining:
    """The part of `BaseWrapper` that trains and predicts."""

    def _fit(self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs):
        _refuse_nothing(X)
        self._require_targets(y)
        named = {k: v for k, v in kwargs.items() if k not in ("held_out", "tasks")}
        self._check_parameters(epochs=epochs, initial_epoch=initial_epoch, **named)
        with names_as_before():
            super()._fit(
                X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
            )

    def _fit_keras_model(
        self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs
    ):
        self._check_loss()
        held_out, tasks = kwargs.pop("held_out", None), kwargs.pop("tasks", None)
        args = route_params(
            self.get_params(), destination="fit", pass_filter=self._fit_kwargs
        )
        if "class_weight" not in self._fit_kwargs:  # of labels: they are in the weights
            args.pop("class_weight", None)
        args = {k: v for k, v in args.items() if not k.startswith("callbacks")}
        args |= {
            "sample_weight": sample_weight,
            "epochs": initial_epoch + epochs,
            "initial_epoch": initial_epoch,
            **kwargs,
        }
        args.setdefault("callbacks", self._fit_callbacks)
        if held_out is not None:
            args["validation_data"] = encoded(self, *held_out)
        elif args.get("validation_data") is not None:
            args["validation_data"] = plain(self, args["validation_data"])
        for name in ("batch_size", "validation_batch_size"):
            if args.get(name) == -1:
                args[name] = _n_rows(X, name)
        rows = _as_keras_takes_it(X, y)
        remark_on_scales(args.get("validation_data"), *rows)
        _check_shape(self.model_, rows[0])
        reason = self._why_keras(*rows, args)
        goes_on = warm_start and initial_epoch > 0

        def keep(interrupt, history):
            n_epochs = len(history["loss"])
            keep_after(interrupt, self, n_epochs, self._note, history, goes_on)

        with self._model_as_before_on_error():
            if reason is None:
                try:
                    history = self._fit_by_engine(*rows, args, tasks, keep)
                except AssignsWeights:
                    reason = "a layer assigns its weights when it is called"
            if reason is not None:
                if args.get("verbose"):
                    print(f"Trained by keras.Model.fit: {reason}.")
                if tasks is not None:
                    args["callbacks"] = [*flat(args["callbacks"]), _Tasks(tasks)]
                history = self._fit_by_keras(*rows, args, keep)
        self._note(history, goes_on)
        if not (warm_start and epochs == 1):  # as in partial_fit
            predict = partial(self.model_.predict, verbose=0)
            if reason is None:
                predict = self._predict_by_engine
            remark_if_nothing_learnt(self, *rows, args, history, predict)

    def _note(self, history, goes_on):
        """Keep the history of a fit, behind that of those before if it goes on."""
        known = getattr(self, "history_", {}) if goes_on else {}
        self.history_ = defaultdict(list, {k: [*v] for k, v in known.items()})
        for name, values in history.items():
            self.history_[_full_name(name)] += values

    @contextmanager
    def _model_as_before_on_error(self):
        """Give the model its weights and steps back, as it may be a user's.

        Those that are kept after an interrupt stay.
        """
        model = self.model_
        variables = list(model.variables)
        if getattr(model, "optimizer", None) is not None:
            variables += model.optimizer.variables
        values = [np.copy(v.numpy()) for v in variables]
        try:
            yield
        except BaseException as error:
            if not has_kept(self, error):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            raise

    def _check_loss(self):
        """Complain about a list or dict without any loss."""
        loss = self.model_.loss
        losses = loss.values() if isinstance(loss, dict) else loss
        if isinstance(loss, (list, dict)) and not any(
            callable(each) or isinstance(each, str) for each in losses
        ):
            raise ValueError(
                f"No valid loss function found in loss={loss!r}. You must provide a "
                "loss function to train: pass loss=..., or compile the model with one."
            )

    def _why_keras(self, X, y, args):
        """Why this fit is left to Keras, as part of a sentence; None if it is not."""
        for name, value in args.items():
            usual = name in _OF_FIT or value == _WITHOUT_EFFECT.get(name)
            if value is not None and not usual:
                return f"{name}={value!r} was given to fit"
        if not isinstance(args.get("shuffle", True), (bool, np.bool_)):
            return f"shuffle={args['shuffle']!r}"
        for callback in flat(args["callbacks"]):
            events = hears_of_batches(callback)
            if events:
                return f"{type(callback).__name__} has the method {events[0]}"
        arrays = [X, y]
        dense = [stand_in(a) if sp.issparse(a) else a for a in arrays]
        first = why_not(self.model_, *dense)
        if first is None:
            with (
                nullcontext()
                if self._random_state is None
                else seeded(self._random_state)
            ):
                build(self.model_, dense[0])
            first = why_not(self.model_, *dense)
        if first is None and not self.model_.trainable_variables:
            return "the model has no trainable weights"
        if first is None and args.get("validation_data") is not None:
            return why_not_with(args["validation_data"], X, y)
        return first

    def _fit_by_engine(self, X, y, args, tasks, keep):
        weight = args.get("sample_weight")
        rows = (X, y, weight)
        validation = args.get("validation_data")
        if validation is not None:
            validation = as_training_rows(validation, rows)
        elif args.get("validation_split"):
            rows, validation = last_rows_apart(rows, args["validation_split"])
        seed = self._random_state
        if seed is None:
            seed = int(check_random_state(None).randint(2**31 - 1))
        names = ("batch_size", "validation_batch_size", "epochs", "initial_epoch")
        return fit_compiled(
            self.model_,
            self._network_for(X, look=True),
            rows,
            validation,
            callbacks=flat(args["callbacks"]),
            listeners=[] if tasks is None else [tasks],
            shuffle=args.get("shuffle", True),
            verbose=args.get("verbose", 0),
            seed=seed,
            keep=keep,
            **{name: args[name] for name in names if name in args},
        )

    def _fit_by_keras(self, X, y, args, keep):
        if sp.issparse(X):
            X = X.toarray()
        before = getattr(self.model_, "history", None)
        try:
            with _seeded_for_keras(self._random_state):
                history = self.model_.fit(x=X, y=y, **args).history
        except KeyboardInterrupt as interrupt:
            seen = getattr(self.model_, "history", None)
            losses = [] if seen is before else seen.history.get("loss", [])
            if len(losses) and np.isfinite(losses).all():
                keep(interrupt, seen.history)
            raise
        last = history.get("loss", [0.0])[-1]
        if not np.all(np.isfinite(last)):
            rate = float(self.model_.optimizer.learning_rate)
            raise TrainingDivergedError(len(history["loss"]), "loss", last, rate)
        return history

    def _network_for(self, X, *, look=False):
        """The program of the present model, for rows like these.

        Looking at all of its layers takes some milliseconds: for predictions it is done
        only if there is another model, or if that was compiled again. Then a network
        whose functions read what has changed since `fit` predicts as it was trained.
        """
        model = self.model_
        now = model, getattr(model, "_compile_config", None)
        trainable = [v.trainable for v in model.variables]
        *before, were, network = getattr(self, "_network", (None, None, None, None))
        same = all(a is b for a, b in zip(now, before, strict=True))
        if same and trainable == were and not look:
            network = replace(network, input_shape=X.shape[1:], dtype=X.dtype.name)
            look = network.build.has_code and not PROGRAMS.predicts(network)
        if look or not same or trainable != were:
            network = compiled_network(model, X)
        self._network = *now, trainable, network
        return network

    def _predict_raw(self, X, **kwargs):
        outputs = self._outputs(X, **kwargs)
        # a target_encoder of one's own is given what Model.predict gives
        return single(outputs) if _has_given_encoder(self) else outputs

    def _outputs(self, X, **kwargs):
        self._check_is_fitted("predict")
        _refuse_nothing(X)
        X, _ = self._validate_data(X=X)
        X = self.feature_encoder_.transform(X)
        args = route_params(
            self.get_params(),
            destination="predict",
            pass_filter=self._predict_kwargs - {"verbose"},
            strict=True,
        )
        args = {k: v for k, v in args.items() if not k.startswith("callbacks")}
        args = {"verbose": 0, **args, **kwargs}
        self._check_parameters(**kwargs)
        if args.get("batch_size") == -1:
            args["batch_size"] = _n_rows(X, "batch_size")
        (X,) = _as_keras_takes_it(X)
        told = any(map(hears_of_predictions, flat(self._predict_callbacks)))
        if set(args) <= {"batch_size", "verbose"} and not told:
            one = stand_in(X) if sp.issparse(X) else X
            if why_not(self.model_, one) is None:
                build(self.model_, one)
                return self._predict_by_engine(X)
        if sp.issparse(X):
            X = X.toarray()
        return self.model_.predict(x=X, callbacks=self._predict_callbacks, **args)

    def _check_is_fitted(self, method):
        if not self.initialized_:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Estimator "
                f"needs to be fit before `{method}` can be called: call fit first."
            )

    def _predict_by_engine(self, X):
        network = self._network_for(X)
        parts = [
            X[rows].toarray() if sp.issparse(X) else X[rows]
            for rows in row_blocks(X, PREDICT_BYTES)
        ]
        outputs = [predict_compiled(self.model_, network, part) for part in parts]
        if len(outputs) == 1:
            return outputs[0]
        return keras.tree.map_structure(lambda *of: np.concatenate(of), *outputs)


def _has_given_encoder(estimator):
    """Whether y is encoded by SciKeras or skdl, and not in a way of the user's."""
    encoder = inspect.getattr_static(type(estimator), "target_encoder")
    module = getattr(getattr(encoder, "fget", None), "__module__", "")
    return module.split(".")[0] in ("skdl", "scikeras")


class _Tasks(keras.callbacks.Callback):
    """Tells scikit-learn's callbacks of epochs that Keras trains."""

    def __init__(self, tasks):
        super().__init__()
        self._tasks, self._run = tasks, Run(_NoTrainer(), None)

    def on_epoch_begin(self, epoch, logs=None):
        self._tasks.on_epoch_begin(self._run, epoch, None)

    def on_epoch_end(self, epoch, logs=None):
        self._tasks.on_epoch_end(self._run, epoch, logs)
        self.model.stop_training |= self._run.stop


class _NoTrainer:
    """Stands for the engine's, where the model itself has the weights."""

    answers = "network"

    def weights(self):
        """None, in the place of the weights of one member."""
        return [{self.answers: None}]


def _refuse_nothing(X):
    if X is None:
        raise ValueError("X=None holds no rows. Pass an array, or another table.")


def _check_shape(model, X):
    """Complain about rows that the input of the model cannot take."""
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) != 1 or not isinstance(X, np.ndarray):
        return
    taken, given = tuple(inputs[0].shape[1:]), X.shape[1:]
    if taken == (*given, 1) or (*taken, 1) == given:
        return  # Keras adds or takes away such an axis
    fits = len(taken) == len(given) and all(
        a is None or a == b for a, b in zip(taken, given, strict=True)
    )
    if not fits:
        raise ValueError(
            f"X has rows of shape {given}, but the model takes {taken}. Let its "
            "function use meta['X_shape_'][1:] for keras.Input, or reshape X."
        )


def _as_keras_takes_it(*arrays):
    """X and y of the dtypes that Keras would make of them; others as they are."""
    return [
        _one_as_keras_takes_it(array, name)
        for array, name in zip(arrays, "Xy", strict=False)
    ]


def _one_as_keras_takes_it(array, name):
    if sp.issparse(array):
        small = np.prod(array.shape, dtype=float) * array.dtype.itemsize <= DENSE_BYTES
        if not small:
            return array.astype(keras.config.floatx()).tocsr()
        array = array.toarray()
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        result = as_keras(array)
    refuse_overflow(result, array, name, "keras.config.set_floatx('float64')")
    return result


@contextmanager
def _seeded_for_keras(seed):
    """What Keras and TensorFlow draw, from a seed or as ever."""
    if seed is None:
        yield
        return
    with seeded(seed), global_seed(seed):
        yield


def _n_rows(X, name):
    if not hasattr(X, "shape"):
        raise ValueError(
            f"{name}=-1, all rows, requires that `X` implement `shape`, but the "
            f"feature_encoder returned {type(X).__name__}. Give a number of rows."
        )
    return X.shape[0]


def _full_name(name):
    """The name of a metric that SciKeras gives it in `history_`."""
    if name == "loss" or name.startswith("val_"):
        return name
    try:
        full = metric_name(name)
    except ValueError:  # of a user's own metric
        return name
    return name if full.replace("_", "") == name else full  # not a_u_c for auc
