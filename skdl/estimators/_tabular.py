"""What estimators for tables share: parameters, networks, inputs."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skdl._scales import some_rows
from skdl._tables import TableInputs, check_table
from skdl._validation import (
    Interval,
    StrOptions,
    check_one_or_per_layer,
    non_negative,
)
from skdl.base._decay import DecayMixin
from skdl.base._members import MembersMixin
from skdl.estimators._widths import hidden_widths

EMBEDDED_COLUMNS = 100  # numeric_embedding="auto" embeds up to so many


@dataclass(kw_only=True, eq=False, repr=False)
class TabularParameters:
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


class Tabular(DecayMixin, MembersMixin):
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
        self._encoded_as = self._encoding()
        return TableInputs.fit(
            rows.X,
            rows.weight,
            self._columns,
            scaling=self.input_scaling,
            max_one_hot=self.max_one_hot,
            periodic=self._embeds(rows.X.shape[1]),
            dtype=self.dtype,
        )

    def _columns_of(self, X):
        return some_rows(X)[:, self._inputs.scaling.columns]

    def _labels_of_columns(self, names):
        return [self._columns.label(i) for i in self._inputs.scaling.columns]

    def _embeds(self, n_columns):
        if self.numeric_embedding == "auto":
            return self._embeds_by_default and n_columns <= EMBEDDED_COLUMNS
        return self.numeric_embedding == "periodic"

    def _encoding(self):
        names = ("categorical_features", "max_one_hot", "numeric_embedding")
        return {name: np.array(getattr(self, name), dtype=object) for name in names}

    def _check_going_on(self, loss):
        super()._check_going_on(loss)
        for name, value in self._encoding().items():
            if not np.array_equal(value, self._encoded_as[name]):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not what training began with. "
                    "Set it back, set warm_start=False, or clone the estimator."
                )

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
