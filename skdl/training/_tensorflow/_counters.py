"""The state of Keras's metrics, which flows through steps like weights."""

import numpy as np
import tensorflow as tf
from keras import StatelessScope, Variable


class Counters:
    """Metrics of a pattern model, with values of their variables beside them.

    Parameters
    ----------
    metrics : list of keras.metrics.Metric
        Built; their own variables are not used.

    Attributes
    ----------
    variables : list of keras.Variable
        The present values.
    names : dict of str to str
        Names that metrics have in the model whose fit it is, where they differ.
    """

    def __init__(self, metrics):
        self._metrics = metrics
        self._patterns = counted_by(metrics)
        self.variables = [
            Variable(np.zeros(v.shape, v.dtype), dtype=v.dtype) for v in self._patterns
        ]
        self._fresh = self._first()
        self.names = {}

    def _first(self):
        with StatelessScope() as scope:
            for metric in self._metrics:
                metric.reset_state()
        values = [scope.get_current_value(v) for v in self._patterns]
        return [
            np.asarray(variable.numpy() if value is None else value)
            for variable, value in zip(self._patterns, values, strict=True)
        ]

    def reset(self):
        """Begin a pass over rows."""
        for variable, value in zip(self.variables, self._fresh, strict=True):
            variable.assign(value)

    def pairs(self):
        """Variables of the pattern and their present values."""
        values = (v.value for v in self.variables)
        return [*zip(self._patterns, values, strict=True)]

    def update(self, scope):
        """Take over what they are at the end of a ``StatelessScope``."""
        for variable, pattern in zip(self.variables, self._patterns, strict=True):
            variable.assign(scope.get_current_value(pattern))

    def results(self):
        """What the metrics say of the rows since `reset`.

        Returns
        -------
        dict of str to float
            By the names that Keras gives them; arrays where a metric has several
            values.
        """
        results = {}
        with StatelessScope(state_mapping=self.pairs()):
            for metric in self._metrics:
                result = metric.result()
                named = result if isinstance(result, dict) else {metric.name: result}
                results |= named
            # some results are variables, whose values end with the scope
            results = {
                k: np.asarray(tf.convert_to_tensor(v)) for k, v in results.items()
            }
        return {
            self.names.get(name, name): float(value) if value.ndim == 0 else value
            for name, value in results.items()
        }


def counted_by(metrics):
    """The variables of metrics.

    Parameters
    ----------
    metrics : list of keras.metrics.Metric
        Any.

    Returns
    -------
    list of keras.Variable
        In a fixed order.
    """
    return [v for metric in metrics for v in metric.variables]
