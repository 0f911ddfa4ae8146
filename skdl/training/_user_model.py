"""What goes between a program and the compiled model of a user."""

import math

import keras
import numpy as np

from skdl.training._compiled_objective import metrics_of, symbols
from skdl.training._tensorflow import TRACING, counted_by, put, take, with_inner
from skdl.training._weights import Weights


class UserModel:
    """A user's model and optimizer beside those of the program that trains it.

    Parameters
    ----------
    trainer : Trainer
        With one player and the objective `Compiled`.
    model : keras.Model
        Built and compiled, and like the pattern of the program.

    Attributes
    ----------
    model : keras.Model
        The same.
    """

    def __init__(self, trainer, model):
        (self._moving,) = trainer.players.values()
        self._trainer = trainer
        self._layout = self._moving.layout
        self._symbols = symbols(self._moving.model, trainer.key)
        self._variables = self._layout.variables(model)
        self._pairs, self._told = (None, []), []
        self.model = model

    # -- weights --------------------------------------------------------------------

    def read_weights(self):
        """The weights of the model.

        Returns
        -------
        Weights
            Copies.
        """
        trainable, state = map(take, self._variables)
        return Weights(self._layout.join(trainable), tuple(state))

    def write_weights(self, weights):
        """Give the model weights.

        Parameters
        ----------
        weights : Weights
            Stay as they are.
        """
        trainable, state = self._variables
        put(trainable, self._layout.split(weights.trainable))
        put(state, weights.state)

    # -- metrics --------------------------------------------------------------------

    def build_metrics(self):
        """Make the model's metrics, as its own fit would.

        Callbacks look for them, to know which are the better the larger they are.
        """
        compiled = self.model._compile_metrics
        if compiled is None or compiled.built:
            return
        _, y, _ = self._symbols
        # by the output metrics see what kind of y it is
        compiled.build(y, keras.tree.flatten(self._moving.output_spec)[0])
        n_counts = len(self._trainer.counters.variables)
        if len(counted_by(metrics_of(self.model))) != n_counts:
            compiled.built = False  # some make their variables when they are used
            with TRACING:
                self.model._symbolic_build(data_batch=self._symbols)

    def write_metrics(self, logs):
        """Give the model the metrics of the last rows, for ``get_metrics_result``.

        Parameters
        ----------
        logs : dict of str to float
            Of the last epoch.
        """
        ours = self._trainer.counters.variables
        theirs = counted_by(metrics_of(self.model))
        if len(theirs) == len(ours):
            put(theirs, take(ours))
        mean = self.model._loss_tracker
        put([mean.total, mean.count], [logs.get("val_loss", logs["loss"]), 1])

    # -- the optimizer --------------------------------------------------------------

    def read_optimizer(self):
        """Let the program go on with the state of the model's optimizer."""
        for k, (ours, theirs) in enumerate(self._beside()):
            value = np.concatenate([np.ravel(v) for v in take(theirs)])
            if k >= len(self._told) or not np.array_equal(value, self._told[k]):
                put([ours], [value.reshape(ours.shape)])

    def write_optimizer(self):
        """Give the state of the program's optimizer to the model's."""
        self._told = []  # for `read_optimizer`, to see what is new
        for ours, theirs in self._beside():
            (value,) = take([ours])
            self._told.append(np.ravel(value))
            ends = np.cumsum([math.prod(v.shape) for v in theirs])
            parts = np.split(self._told[-1], ends[:-1])
            put(
                theirs,
                [part.reshape(v.shape) for part, v in zip(parts, theirs, strict=True)],
            )

    def _beside(self):
        """Pairs of our variables and the model's optimizer's; see `_pairs_with`."""
        optimizer = self.model.optimizer
        if self._pairs[0] is not optimizer:
            self._pairs = optimizer, list(self._pairs_with(optimizer))
        return self._pairs[1]

    def _pairs_with(self, optimizer):
        """Pairs of a variable of ours and those of another optimizer of which it is.

        Where all parameters are one vector to us, so are their momenta. The learning
        rate is not among them: it is the loop that sets it.
        """
        moving = self._moving
        for ours, theirs in zip(
            with_inner(moving.optimizer), with_inner(optimizer), strict=True
        ):
            mine, others = _slots(ours, moving.parameters), {}
            if mine:
                others = _slots(theirs, self._layout.trainable)
            for name, variables in mine.items():
                if moving.flat:
                    yield variables[0], others[name]
                else:
                    pairs = zip(variables, others[name], strict=True)
                    yield from ((a, [b]) for a, b in pairs)
            for a, b in zip(_rest(ours, mine), _rest(theirs, others), strict=True):
                yield a, [b]


def _slots(optimizer, parameters):
    """Lists with one variable for each parameter, such as momenta, by attribute."""
    of_all = {id(v) for v in optimizer._variables}
    return {
        name: list(value)
        for name, value in vars(optimizer).items()
        if name not in ("_variables", "_trainable_variables")
        and isinstance(value, list)
        and len(value) == len(parameters)
        and all(id(v) in of_all for v in value)
    }


def _rest(optimizer, slots):
    taken = {id(v) for variables in slots.values() for v in variables}
    rate = getattr(optimizer, "_learning_rate", None)
    return [v for v in optimizer._variables if id(v) not in taken and v is not rate]
