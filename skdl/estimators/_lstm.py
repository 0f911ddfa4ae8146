"""What estimators for sequences share: parameters, networks, inputs, steps."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skdl._scales import some_rows
from skdl._sequences import (
    SequenceInputs,
    TokenInputs,
    check_sequences,
    check_tokens,
    is_padded,
    is_ragged,
    lengths_of,
)
from skdl._targets import StepTargets, steps_of
from skdl._validation import Interval, StrOptions, check_weights, non_negative
from skdl.base._decay import DecayMixin
from skdl.estimators._widths import hidden_widths, widths

BATCH_STEPS = 2**17  # about so many in a large batch of "auto"
STOPPING_ROWS = 2000  # sequences from which some are set apart to stop early


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMParameters:
    """The parameters of recurrent networks; last among the bases, so first."""

    units: object = 64
    cell: str = "lstm"
    bidirectional: bool = False
    conv_filters: object = ()
    kernel_size: object = 5
    pool_size: object = 1
    pooling: str = "last"
    conv_skip: bool = True
    hidden_units: object = ()
    activation: str = "relu"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    weight_decay: float = 1.0

    _network_constraints: ClassVar[dict] = {
        "units": "no_validation",
        "cell": [StrOptions({"lstm", "gru"})],
        "bidirectional": ["boolean"],
        "conv_filters": "no_validation",
        "kernel_size": "no_validation",
        "pool_size": "no_validation",
        "pooling": [StrOptions({"last", "attention", "average", "max"})],
        "conv_skip": ["boolean"],
        "hidden_units": "no_validation",
        "activation": [str],
        "dropout": [Interval(numbers.Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(numbers.Real, 0, 1, closed="left")],
        "weight_decay": [non_negative()],
    }


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceParameters(LSTMParameters):
    """Those of estimators that take sequences as they come."""

    embedding_dim: int | None = None
    n_tokens: int | None = None
    return_sequences: bool = False

    _sequence_constraints: ClassVar[dict] = {
        **LSTMParameters._network_constraints,
        "embedding_dim": [None, Interval(numbers.Integral, 1, None, closed="left")],
        "n_tokens": [None, Interval(numbers.Integral, 2, None, closed="left")],
        "return_sequences": ["boolean"],
    }


class Recurrent(DecayMixin):
    """The network that the first of these parameters make."""

    _adam_rate = 0.003
    _full_batch_rows = 32
    _batch_limits = 16, 128  # of "auto"
    _least_decay_steps = 300

    def _network(self, input_shape, n_outputs):
        from skdl.networks import lstm_network
        from skdl.training._program import network_spec

        filters = widths("conv_filters", self.conv_filters, "convolution")
        return network_spec(
            lstm_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            units=self._recurrent_widths(),
            cell=self.cell,
            bidirectional=bool(self.bidirectional),
            conv_filters=filters,
            kernel_size=self._windows("kernel_size", filters),
            pool_size=self._windows("pool_size", filters),
            pooling=self.pooling,
            conv_skip=bool(self.conv_skip),
            hidden_units=hidden_widths(self.hidden_units),
            activation=self.activation,
            dropout=float(self.dropout),
            recurrent_dropout=float(self.recurrent_dropout),
            **self._further_options(input_shape),
        )

    def _recurrent_widths(self):
        units = widths("units", self.units, "recurrent layer")
        if not units:
            raise ValueError(
                f"units={self.units!r} leaves no recurrent layer. Give at least one "
                "number, for example 64."
            )
        return units

    def _windows(self, name, filters):
        """Steps of each convolution's windows."""
        value = getattr(self, name)
        sizes = widths(name, value, "convolution")
        if len(sizes) == 1 and not isinstance(value, (tuple, list)):
            sizes *= len(filters)
        if len(sizes) != len(filters):
            raise ValueError(
                f"{name}={value!r} has {len(sizes)} values, but conv_filters="
                f"{self.conv_filters!r} makes {len(filters)} convolutions. Give one "
                "number for all of them, or one for each."
            )
        return sizes

    def _further_options(self, input_shape):
        """What else the network is told."""
        return {}


class Sequences(Recurrent):
    """Sequences of numbers or tokens, and targets of them or of each of their steps."""

    # -- inputs ------------------------------------------------------------------------

    def _check_rows(self, X, y, sample_weight, old, classes=None):
        if old is not None:
            self._refuse_other_forms()
        return super()._check_rows(X, y, sample_weight, old, classes)

    def _refuse_other_forms(self):
        """Training goes on with X and y of the form in which it began."""
        forms = {
            "embedding_dim": (self._takes_tokens, self.embedding_dim is not None),
            "return_sequences": (self._has_steps, bool(self.return_sequences)),
        }
        for name, (before, now) in forms.items():
            if before != now:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not what training began with. "
                    "Set it back, set warm_start=False, or clone the estimator."
                )

    def _check_inputs(self, X, *, reset, name="X"):
        if reset:
            self._takes_tokens = self.embedding_dim is not None
            self._has_steps = bool(self.return_sequences)
            self._check_forms()
        if self._takes_tokens:
            options = {"n_tokens": self.n_tokens, "moves": not self._has_steps}
            X = check_tokens(self, X, reset=reset, name=name, **options)
        else:
            X = check_sequences(self, X, reset=reset, name=name)
        if reset:
            self._n_steps = X.shape[1]
        return X

    def _check_forms(self):
        """Parameters that do not go with each other."""
        filters = widths("conv_filters", self.conv_filters, "convolution")
        sizes = self._windows("pool_size", filters)
        if self.return_sequences and max(sizes, default=1) > 1:
            raise ValueError(
                f"pool_size={self.pool_size!r} leaves fewer steps than there are "
                "targets. With return_sequences=True use pool_size=1."
            )
        if self.n_tokens is not None and self.embedding_dim is None:
            raise ValueError(
                f"n_tokens={self.n_tokens!r} is for tokens, but embedding_dim=None "
                "takes X as numbers. Set embedding_dim, for example to 32."
            )

    def _fit_inputs(self, rows):
        if self._takes_tokens:
            return TokenInputs(self.dtype)
        weight = rows.weight
        if self._has_steps:  # which is that of all steps together
            weight = weight / lengths_of(rows.X)
        return SequenceInputs.fit(
            rows.X,
            weight * (len(weight) / weight.sum()),
            scaling=self.input_scaling,
            dtype=self.dtype,
        )

    def _inputs_for(self, inputs, rows, validation):
        parts = [part.X for part in (rows, validation) if part is not None]
        inputs = inputs.reaching(*parts)
        if not self._takes_tokens:
            self.sequence_shape_ = inputs.shape
        return inputs

    def _columns_of(self, X):
        if self._takes_tokens:
            return None
        steps = some_rows(X).reshape(-1, X.shape[2])
        return some_rows(steps[~np.isnan(steps).all(axis=1)])

    @property
    def _batch_limits(self):
        fitting = 2 ** round(np.log2(BATCH_STEPS / self._n_steps))
        return 16, int(np.clip(fitting, 16, 128))

    def _further_options(self, input_shape):
        options = {"return_sequences": bool(self.return_sequences)}
        if self._takes_tokens:
            options |= {"n_tokens": self.n_tokens_, "embedding_dim": self.embedding_dim}
        else:
            options |= {"padded": input_shape[0] is None}
        return options

    def _spec_as_now(self, before, now):
        if self._takes_tokens or before.input_shape[1:] != now.input_shape[1:]:
            return before
        return _for_steps(before, now.input_shape[0])

    def _spec_for(self, X):
        spec = self._trained.spec
        fixed = spec.input_shape[0]
        if fixed is None or (X.shape[1] == fixed and not is_padded(X)):
            return spec
        return _for_steps(spec, None)

    def _stops_by_default(self, n_rows, validation):
        return validation is not None or n_rows >= STOPPING_ROWS

    # -- targets of steps --------------------------------------------------------------

    def _targets_of(self, X, y, names=("X", "y")):
        if y is None:
            return y
        if not self._has_steps:
            if is_ragged(y) and len(set(map(np.size, y))) > 1:
                raise ValueError(
                    f"{names[1]} holds several targets for each sequence. With one for "
                    "each step set return_sequences=True; else give an array."
                )
            return y
        return steps_of(y, self._lengths(X), names, n_steps=X.shape[1])

    def _lengths(self, X):
        return (X > 0).sum(axis=1) if self._takes_tokens else lengths_of(X)

    def _find_targets(self, y, classes=None):
        if not self._has_steps:
            return super()._find_targets(y, classes)
        of_steps = super()._find_targets(y.values, classes)
        return StepTargets(of_steps, y.is_column)

    def _weigh(self, rows, validation, targets):
        if not self._has_steps:
            return super()._weigh(rows, validation, targets)
        class_weight = getattr(self, "class_weight", None)
        weighed = targets.weigh(rows.y, rows.weight, class_weight)

        def with_weights(part):
            y = weighed(part.y)
            return part._replace(y=y).weighed(y[..., -1].sum(axis=1))

        return [part and with_weights(part) for part in (rows, validation)]

    def _checked_targets(self, X, y):
        y, weight = super()._checked_targets(np.asarray(X), y)
        if self._has_steps:  # all steps count alike
            n_steps = y[..., -1].sum(axis=1)
            weight = n_steps / n_steps.mean()
        return y, weight

    def _encoded_of(self, y):
        if not self._has_steps:
            return super()._encoded_of(y)
        from keras import ops

        values = ops.reshape(super()._encoded_of(y[..., :-1]), ops.shape(y[..., :-1]))
        return ops.concatenate([ops.cast(values, y.dtype), y[..., -1:]], axis=-1)

    def _loss_as_trained(self, loss, targets):
        return self._of_steps(super()._loss_as_trained(loss, targets), targets)

    def _metrics(self, targets):
        metrics = super()._metrics(targets)
        return tuple((name, self._of_steps(f, targets)) for name, f in metrics)

    def _of_steps(self, function, targets):
        from skdl.losses import PerStep

        return PerStep(function, targets.are_indices) if self._has_steps else function

    def _raw(self, X):
        raw = super()._raw(X)
        if self._has_steps and is_ragged(X):  # predictions are a list as X is one
            raw = np.ma.array(raw, mask=np.ma.getmaskarray(raw))
        return raw

    def _outputs(self, X):
        lengths = self._lengths(X)
        if (lengths == X.shape[1]).all():
            return super()._outputs(X)
        outputs = None
        for rows, n_steps in _of_like_length(lengths):
            some = super()._outputs(X[rows, :n_steps])
            if outputs is None:
                n_given = X.shape[1:2] if self._has_steps else ()
                outputs = np.zeros((len(X), *n_given, some.shape[-1]), some.dtype)
            if self._has_steps:
                outputs[rows, :n_steps] = some
            else:
                outputs[rows] = some
        if self._has_steps:
            after = np.arange(X.shape[1]) >= lengths[:, np.newaxis]
            mask = np.repeat(after[..., np.newaxis], outputs.shape[-1], axis=-1)
            outputs = np.ma.array(outputs, mask=mask)
        return outputs

    def _score_of_steps(self, metric, X, y, sample_weight):
        """A metric over the steps of all sequences."""
        X = self._check_inputs(X, reset=False)
        answers, lengths = self.predict(X), self._lengths(X)
        steps = steps_of(y, lengths, n_steps=X.shape[1])
        if sample_weight is not None:
            sample_weight = np.repeat(check_weights(sample_weight, X), lengths)
        answers = np.concatenate(list(answers)).reshape(steps.values.shape)
        return metric(steps.values, answers, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _of_like_length(lengths):
    """Rows whose lengths lie between the same powers of two, and the longest length."""
    powers = np.ceil(np.log2(np.maximum(lengths, 1)))
    for power in np.unique(powers):
        rows = np.flatnonzero(powers == power)
        yield rows, max(lengths[rows].max(), 1)


def _for_steps(spec, n_steps):
    """The same network for another number of steps, None for any with padding."""
    return spec.changed((n_steps, *spec.input_shape[1:]), padded=n_steps is None)
