"""The base of all estimators: fit, one more epoch, raw predictions, state."""

import copy
import numbers
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skdl._inputs import row_blocks
from skdl._targets import no_targets
from skdl._validation import (
    Interval,
    StrOptions,
    check_inputs,
    check_same_length,
    check_weights,
    non_negative,
)
from skdl.base._epochs import EpochTasks
from skdl.base._rows import Rows
from skdl.base._together import fit_together
from skdl.base._training import TrainingMixin
from skdl.base._unchanged import or_unchanged

AUTO_EARLY_STOPPING_ROWS = 10_000  # as in HistGradientBoostingClassifier
PREDICT_BYTES = 2**27  # of X scaled and predicted at a time


def _through(layers, x):
    """Layers one after the other."""
    for layer in layers:
        x = layer(x)
    return x


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralEstimator(TrainingMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Base of all estimators: the parameters of training, and how it is done.

    Subclasses say which network it is (`_network`) and, through `NeuralClassifier` or
    `NeuralRegressor`, what y means. Parameters are documented where users see them.
    """

    optimizer: object = "adam"
    momentum: float = 0.0
    nesterov: bool = False
    learning_rate: float | None = None
    learning_rate_schedule: object = None
    batch_size: int | str = "auto"
    epochs: int = 100
    early_stopping: bool | str = "auto"
    patience: int = 10
    min_delta: float = 0.0
    monitor: str = "auto"
    validation_fraction: float | None = 0.1
    restore_best_weights: bool = True
    loss: object = "auto"
    input_scaling: str | None = "standard"
    callbacks: object = None
    warm_start: bool = False
    random_state: object = None
    dtype: str = "float32"
    verbose: int = 0

    _parameter_constraints: ClassVar[dict] = {
        "optimizer": "no_validation",
        "momentum": [Interval(numbers.Real, 0, 1, closed="left")],
        "nesterov": ["boolean"],
        "learning_rate": [None, Interval(numbers.Real, 0, None, closed="neither")],
        "learning_rate_schedule": "no_validation",
        "batch_size": [
            StrOptions({"auto", "full"}),
            Interval(numbers.Integral, 1, None, closed="left"),
        ],
        "epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "patience": [Interval(numbers.Integral, 1, None, closed="left")],
        "min_delta": [non_negative()],
        "monitor": [StrOptions({"auto", "loss", "val_loss"})],
        "validation_fraction": [None, Interval(numbers.Real, 0, 1, closed="neither")],
        "restore_best_weights": ["boolean"],
        "loss": "no_validation",
        "input_scaling": [StrOptions({"standard"}), None],
        "callbacks": "no_validation",
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "dtype": [StrOptions({"float32", "float64"})],
        "verbose": ["verbose"],
    }

    # -- what subclasses say -----------------------------------------------------------

    @abstractmethod
    def _network(self, input_shape, n_outputs):
        """The `NetworkSpec` of this estimator."""

    @abstractmethod
    def _find_targets(self, y, classes=None):
        """The encoder of y."""

    @abstractmethod
    def _find_loss(self):
        """The loss that the parameter `loss` stands for."""

    @abstractmethod
    def _output_layers(self):
        """Keras layers from the network's raw outputs to what users read."""

    @abstractmethod
    def _raw_of(self, answers):
        """The raw outputs from which `_output_layers` make these tensors."""

    @abstractmethod
    def _encoded_of(self, y):
        """A tensor of checked targets as the loss takes it."""

    @abstractmethod
    def _constant_answers(self, y):
        """Raw outputs, one of which suits all rows, for targets as the loss takes them.

        An array of shape (n, n_outputs).
        """

    def _rows_are_independent(self):
        """Whether merging equal rows of a full batch changes nothing."""
        return True

    def _weigh(self, rows, validation, targets):
        """Training and validation rows with class weights."""
        return rows, validation

    def _check_targets(self, loss, y):
        """Complain about targets that the loss cannot take."""

    def _fit_targets(self, targets, rows, loss):
        """Learn what encoding the targets needs."""

    # -- fit ---------------------------------------------------------------------------

    @or_unchanged
    @with_callbacks
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Training rows; for networks for images and sequences also these, in the
            forms that the class describes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; those of steps as the class describes.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights, at least 0; only their ratios count. A row of weight zero is
            left out.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, in place of `validation_fraction`. Inside a ``Pipeline``
            they are transformed with ``transform_input=["X_val"]`` and metadata
            routing.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If data or parameters do not fit; the estimator stays as it was.
        skdl.exceptions.TrainingDivergedError
            If the loss becomes NaN or infinite.
        KeyboardInterrupt
            After Ctrl-C, which ends every loop that the fit is in. From the first whole
            epoch on, the estimator keeps the weights reached so far.

        Warns
        -----
        skdl.exceptions.MissingClassWarning
            Of a classifier, if `y_val` holds labels that y does not, which are left
            out, if rare classes cannot be on both sides of ``early_stopping=True``, or
            if a key of `class_weight` may be misspelt.
        skdl.exceptions.TrainingInterruptedWarning
            If weights are kept after Ctrl-C.
        skdl.exceptions.NothingLearntWarning
            If the network is no better on its training rows than a constant answer.
        skdl.exceptions.ValidationScaleWarning
            If `X_val` or `y_val` is on another scale than the training rows.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )

    def _fit(self, X, y, sample_weight, **validation):
        """What `fit` does, of which some subclasses have another signature."""
        self._validate_params()
        context = self._init_callback_context(max_subtasks=self.epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        listeners = []
        if getattr(self, "_skl_callbacks", None):
            metadata = {}
            if sample_weight is not None:
                metadata["sample_weight"] = sample_weight
            listeners = [
                EpochTasks(self, context, self._attributes_so_far, X, y, metadata)
            ]
        prepared = self._prepare_fit(
            X, y, sample_weight, **validation, listeners=listeners
        )
        prepared.train()
        context.call_on_fit_task_end(
            estimator=self,
            X=X,
            y=y,
            reconstruction_attributes=lambda: self.__dict__.copy(),
        )
        return self

    def _prepare_fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        listeners=(),
    ):
        """All of `fit` that comes before training."""
        old = self if self.warm_start and hasattr(self, "_trained") else None
        rows, targets = self._check_rows(X, y, sample_weight, old)
        validation = self._check_validation(X_val, y_val, sample_weight_val, targets)
        stops = self.early_stopping
        if stops == "auto":
            stops = self._stops_by_default(rows.n_rows, validation)
        self._optimizer_state = None, None
        return self._prepare(
            rows,
            validation,
            targets,
            old=old,
            seeds=self._draw_seeds(),
            epochs=self.epochs,
            stops=stops,
            listeners=listeners,
        )

    # what ensembles look for: several fits of such estimators, trained side by side
    _fit_together = staticmethod(fit_together)

    def _draw_seeds(self):
        """A seed for each member, for weights, orders and validation rows."""
        random_state = check_random_state(self.random_state)
        return random_state.randint(2**31 - 1, size=self._n_members).tolist()

    def _stops_by_default(self, n_rows, validation):
        """What ``early_stopping="auto"`` stands for."""
        return validation is not None or n_rows > AUTO_EARLY_STOPPING_ROWS

    def _partial_fit(self, X, y, sample_weight, classes=None):
        """One more epoch on these rows; the optimizer goes on where it stopped."""
        self._validate_params()
        old = self if hasattr(self, "_trained") else None
        if old is None:
            self._epochs_seen = 0
            self._optimizer_state = None, None
            self._seeds = self._draw_seeds()
        rows, targets = self._check_rows(X, y, sample_weight, old, classes)
        self._prepare(
            rows,
            None,
            targets,
            old=old,
            seeds=self._seeds,
            epochs=1,
            first_epoch=self._epochs_seen,
            incremental=True,
        ).train()
        return self

    def _check_rows(self, X, y, sample_weight, old, classes=None):
        X = self._check_inputs(X, reset=old is None)
        if y is None and self.__sklearn_tags__().target_tags.required:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None. Give one target for each row of X."
            )
        y = self._targets_of(X, no_targets(X) if y is None else y)
        targets = self._find_targets(y, classes) if old is None else old._targets
        y = targets.check(y)
        check_same_length(X, y)
        rows = Rows(X, y, check_weights(sample_weight, X))
        largest = 1.0
        if sample_weight is not None:
            largest = np.asarray(sample_weight, np.float64).max()
        self._unit_of_weight = largest / rows.weight.max()
        return rows.weighed(1.0), targets  # without rows of weight zero

    def _check_inputs(self, X, *, reset, name="X"):
        """X as an array or sparse matrix of numbers."""
        return check_inputs(self, X, reset=reset, name=name)

    def _targets_of(self, X, y, names=("X", "y")):
        """What the encoder is given of y; X is checked already."""
        return y

    def _check_validation(self, X_val, y_val, sample_weight_val, targets):
        if X_val is None and y_val is None and sample_weight_val is None:
            return None
        needs_y = self.__sklearn_tags__().target_tags.required
        if X_val is None or (y_val is None and needs_y):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(
                f"{missing} is missing. Pass X_val and y_val together (with "
                "sample_weight_val if rows count differently), or none of them."
            )
        X = self._check_inputs(X_val, reset=False, name="X_val")
        y_val = no_targets(X) if y_val is None else y_val
        y_val = self._targets_of(X, y_val, names=("X_val", "y_val"))
        y, known = targets.check_validation(y_val, name="y_val")
        check_same_length(X, y, names=("X_val", "y_val"))
        weight = check_weights(sample_weight_val, X, "sample_weight_val")
        return Rows(X, y, weight).weighed(known)

    # -- predict -----------------------------------------------------------------------

    def _raw(self, X):
        """The network's outputs for the user's X, of shape (n_samples, n_outputs)."""
        check_is_fitted(self, "_trained")
        return self._outputs(self._check_inputs(X, reset=False))

    def _outputs(self, X):
        """The same for checked rows."""
        parts = [X[rows] for rows in row_blocks(X, PREDICT_BYTES, self._inputs.shape)]
        spec = self._spec_for(X)
        outputs = [self._trained(part, spec) for part in self._transformed(parts)]
        if len(outputs) == 1:
            return outputs[0]
        return np.concatenate(outputs, axis=1 if self._has_members else 0)

    def _spec_for(self, X):
        """The network that takes rows of this shape, with the trained one's weights."""
        return self._trained.spec

    def _transformed(self, parts):
        """What the network is given, one part ahead where there are several."""
        if len(parts) == 1:
            return [self._inputs.transform(parts[0])]
        from skdl.training._data import prefetched

        return prefetched(self._inputs.transform, parts)

    @property
    def model_(self):
        """A ``keras.Model`` from X to probabilities or predictions, built when asked.

        It contains the input scaling, the trained network, and the output function
        (sigmoid, softmax, or the way back to the units of y). Two classes have one
        column, the probability of the second. Every access builds a new one.

        Keras computes all of it in the network's dtype, while `predict` scales X in
        float64: for a column such as a time stamp, whose mean is more than a million
        times its spread, the model loses digits that `predict` keeps.
        """
        check_is_fitted(self, "_trained")
        import keras

        spec = self._trained.spec
        inputs = keras.Input(spec.input_shape, dtype=spec.dtype, name="X")
        x = _through(self._inputs.layers(), inputs)
        members = [
            [network, *self._output_layers()] for network in self._trained.models()
        ]
        if self._has_members:
            members = [
                [keras.Sequential(stack, name=f"member_{k}")]
                for k, stack in enumerate(members, start=1)
            ]
        answers = [_through(stack, x) for stack in members]
        mean = keras.layers.Average(dtype=spec.dtype)
        x = answers[0] if len(answers) == 1 else mean(answers)
        return keras.Model(inputs, x, name=type(self).__name__)

    def summary(self):
        """Print the layers of the trained network with shapes and weights.

        See Also
        --------
        model_ : The whole model, which includes scaling and output function.
        """
        check_is_fitted(self, "_trained")
        self._trained.models()[0].summary()

    def __sklearn_clone__(self):
        # Keras objects are shared, as they are neither built nor changed here; copies
        # of them lose what their configuration does not hold.
        names = ("optimizer", "learning_rate_schedule", "loss", "augment")
        shared = {name: getattr(self, name) for name in names if hasattr(self, name)}
        bare = copy.copy(self).set_params(**dict.fromkeys(shared))
        return super(NeuralEstimator, bare).__sklearn_clone__().set_params(**shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
