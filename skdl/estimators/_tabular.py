"""Ensembles of small networks for tables."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skdl._tables import TableInputs, check_table
from skdl._validation import (
    Interval,
    StrOptions,
    check_one_or_per_layer,
    non_negative,
)
from skdl.base import NeuralClassifier, NeuralRegressor
from skdl.base._calibration import best_temperature
from skdl.base._members import MembersMixin, mean_probabilities
from skdl.estimators._widths import hidden_widths

EMBEDDED_COLUMNS = 100  # numeric_embedding="auto" embeds up to so many


@dataclass(kw_only=True, eq=False, repr=False)
class _TabularParameters:
    """The parameters of networks for tables; last among the bases, so first."""

    n_members: int = 4
    hidden_units: object = (64, 64)
    activation: str = "mish"
    dropout: float | tuple = 0.15
    weight_decay: float = 1.0
    numeric_embedding: str | None = "auto"
    frequency_scale: float = 0.2
    categorical_features: object = "from_dtype"
    max_one_hot: int = 8

    _network_constraints: ClassVar[dict] = {
        "n_members": [Interval(numbers.Integral, 1, None, closed="left")],
        "hidden_units": "no_validation",
        "activation": [str],
        "dropout": "no_validation",
        "weight_decay": [non_negative()],
        "numeric_embedding": [StrOptions({"auto", "periodic"}), None],
        "frequency_scale": [Interval(numbers.Real, 0, None, closed="neither")],
        "categorical_features": "no_validation",
        "max_one_hot": [non_negative(numbers.Integral)],
        "input_scaling": [StrOptions({"robust", "standard"}), None],
    }


class _Tabular(MembersMixin):
    """The networks that those parameters make, and what they are given."""

    def _network(self, input_shape, n_outputs):
        from skdl.networks import tabular_network
        from skdl.training._program import network_spec

        check_one_or_per_layer("dropout", self.dropout, below=1)
        return network_spec(
            tabular_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            hidden_units=hidden_widths(self.hidden_units),
            activation=self.activation,
            dropout=self.dropout,
            periodic=self._inputs.periodic,
            frequency_scale=self.frequency_scale,
            cardinalities=self._inputs.cardinalities,
        )

    def _rows_are_independent(self):
        return True  # up to the places of dropout, which are drawn for each row

    def _check_inputs(self, X, *, reset, name="X"):
        return check_table(
            self,
            X,
            reset=reset,
            categorical_features=self.categorical_features,
            name=name,
        )

    def _fit_inputs(self, rows):
        return TableInputs.fit(
            rows.X,
            rows.weight,
            self._columns,
            scaling=self.input_scaling,
            max_one_hot=self.max_one_hot,
            periodic=self._embeds(rows.X.shape[1]),
            dtype=self.dtype,
        )

    def _embeds(self, n_columns):
        if self.numeric_embedding == "auto":
            return self._embeds_by_default and n_columns <= EMBEDDED_COLUMNS
        return self.numeric_embedding == "periodic"

    def _decay_of_kernels(self, rate, n_steps):
        return self.weight_decay / (rate * n_steps)

    def encode(self, X):
        """Turn rows into what the networks and `model_` are given.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows as for `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_encoded)
            Scaled numbers, indicators of gaps, categories; of the networks' dtype. The
            columns' names are in `encoded_names_`.
        """
        check_is_fitted(self, "_trained")
        return self._inputs.transform(self._check_inputs(X, reset=False))

    @property
    def encoded_names_(self):
        """Names of the columns that `encode` returns."""
        check_is_fitted(self, "_trained")
        return list(self._inputs.names)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class TabularClassifier(_Tabular, NeuralClassifier, _TabularParameters):
    """DOC"""

    learning_rate: float | None = 0.01
    learning_rate_schedule: object = "cosine"
    epochs: int = 64
    patience: int = 16
    validation_fraction: float | None = 0.15
    input_scaling: str | None = "robust"
    calibrate: bool = False

    _embeds_by_default: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **_TabularParameters._network_constraints,
        "calibrate": ["boolean"],
    }

    def member_predictions(self, X):
        """Predict probabilities by each network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
            Of float64; their mean over the members is what `predict_proba` returns.
        """
        logits = self._logits(X)
        return np.stack([self._targets.probabilities(raw) for raw in logits])

    def _logits(self, X):
        raw = super()._raw(X)
        return raw / self.temperature_

    def _raw(self, X):
        logits = self._logits(X)
        return mean_probabilities(logits, one_hot=self._targets.row_shape == ())

    def _set_fitted_attributes(self, targets):
        super()._set_fitted_attributes(targets)
        self.temperature_ = 1.0

    def _settle(self, divided):
        if not self.calibrate or self._targets.n_outputs < 1:
            return
        rows, validation, parts, _ = divided
        held = [validation] * self.n_members
        if parts is not None:
            held = [rows.take(own) for _, own in parts]
        if held[0] is None or not held[0].n_rows:
            raise ValueError(
                "calibrate=True needs validation rows. Set validation_fraction, use "
                "early_stopping=True, or pass X_val and y_val."
            )
        logits = [
            self._trained(self._inputs.transform(part.X))[k]
            for k, part in enumerate(held)
        ]
        y = np.concatenate([self._targets.encode(part.y, "float64") for part in held])
        weight = np.concatenate([part.weight for part in held])
        self.temperature_ = best_temperature(np.concatenate(logits), y, weight)

    def _output_layers(self):
        from keras import layers

        cooler = layers.Rescaling(1 / self.temperature_, dtype=self.dtype)
        first = [] if self.temperature_ == 1 else [cooler]
        return [*first, *super()._output_layers()]


@dataclass(kw_only=True, eq=False, repr=False)
class TabularRegressor(_Tabular, NeuralRegressor, _TabularParameters):
    """DOC"""

    dropout: float | tuple = 0.1
    weight_decay: float = 2.0
    learning_rate: float | None = 0.006
    learning_rate_schedule: object = "cosine"
    epochs: int = 64
    patience: int = 16
    validation_fraction: float | None = 0.15
    input_scaling: str | None = "robust"
    clip_predictions: bool = True

    _embeds_by_default: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **_TabularParameters._network_constraints,
        "clip_predictions": ["boolean"],
    }

    def predict(self, X, return_std=False):
        """Predict targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.
        return_std : bool, default=False
            Whether to return how much the networks differ, too.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Mean over the networks, in the units of y, float64.
        std : ndarray of the same shape
            Standard deviation over the networks, if `return_std`. It grows where
            training rows are few; the noise of y itself is not in it.
        """
        of_members = self.member_predictions(X)
        mean = of_members.mean(axis=0)
        return (mean, of_members.std(axis=0)) if return_std else mean

    def member_predictions(self, X):
        """Predict targets by each network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_outputs)
            In the units of y, float64; their mean is what `predict` returns.
        """
        outputs = self._raw(X)
        of_members = [
            self._targets.decode(self._loss.predict(raw.astype(np.float64)))
            for raw in outputs
        ]
        if self._clips is None:
            return np.stack(of_members)
        return np.clip(of_members, *self._clips)

    def _fit_targets(self, targets, rows, loss):
        super()._fit_targets(targets, rows, loss)
        self._clips = None
        if self.clip_predictions:
            lowest, highest = rows.y.min(axis=0), rows.y.max(axis=0)
            if targets.flat:
                lowest, highest = lowest[0], highest[0]
            self._clips = lowest, highest

    def _output_layers(self):
        from keras import layers

        if self._clips is None:
            return super()._output_layers()
        low, high = map(np.atleast_1d, self._clips)
        unit = 1 / np.where(high > low, high - low, 1.0)
        options = {"dtype": self._trained.spec.dtype}
        return [
            *super()._output_layers(),
            layers.Rescaling(unit.tolist(), (-low * unit).tolist(), **options),
            layers.ReLU(max_value=1.0, **options),
            layers.Rescaling((high - low).tolist(), low.tolist(), **options),
        ]
