"""Networks as functions of their weights, as an objective calls them."""

from collections.abc import Mapping

from skdl.training._tensorflow._graph import forward, other_values


class AssignsWeights(Exception):
    """A layer assigns trainable weights when it is called."""


class Networks(Mapping):
    """The networks of a step by name, with the weights that they have in it.

    Parameters
    ----------
    calls : dict of str to NetworkCall
        For each player.
    """

    def __init__(self, calls):
        self._calls = calls

    def __getitem__(self, name):
        return self._calls[name]

    def __iter__(self):
        return iter(self._calls)

    def __len__(self):
        return len(self._calls)


class NetworkCall:
    """A network with given weights. What its layers note in a call, it keeps.

    Parameters
    ----------
    model : keras.Model
        The pattern; its own variables are not used.
    values : list of tensor
        For each trainable variable.
    state : list of tensor
        For each other variable.
    counters : Counters
        Metrics of Keras that are updated in a call.
    second_order : bool
        Whether operations without a second derivative stay out.

    Attributes
    ----------
    state : list of tensor
        After the calls so far.
    penalties : list of tensor
        What layers add to the loss: of weights once, of activities for each call.
    """

    def __init__(self, model, values, state, counters, *, second_order):
        self._model = model
        self._values = values
        self._counters = counters
        self._second_order = second_order
        self.state = state
        self.penalties = []

    def __call__(self, X, training=False):
        """The outputs of the network.

        Parameters
        ----------
        X : tensor of shape (n_rows, ...)
            Inputs.
        training : bool, default=False
            Whether there is dropout, and whether batches are normalised by their own
            statistics.

        Returns
        -------
        tensor, or a list or dict of them
        """

        def compute(model, scope):
            outputs = forward(model, X, training=training)
            if self.penalties:  # those of the weights are among them
                return outputs, [loss for _, loss in scope.losses]
            return outputs, model.losses

        outputs, penalties = self._within(compute, training)
        self.penalties.extend(penalties)
        return outputs

    def within(self, compute, *, training):
        """What a function computes with the model, whose variables have these values.

        Parameters
        ----------
        compute : callable
            ``compute(model)``.
        training : bool
            As in `__call__`.

        Returns
        -------
        object
            Of `compute`.

        Raises
        ------
        AssignsWeights
            If a layer has assigned a trainable weight, which is for the optimizer.
        """
        return self._within(lambda model, _: compute(model), training)

    def _within(self, compute, training):
        model, trainable = self._model, self._model.trainable_variables
        pairs = [
            *zip(trainable, self._values, strict=True),
            *zip(model.non_trainable_variables, self.state, strict=True),
            *self._counters.pairs(),
        ]
        with other_values(
            model, pairs, training=training, second_order=self._second_order
        ) as scope:
            result = compute(model, scope)
        for variable, value in zip(trainable, self._values, strict=True):
            if scope.get_current_value(variable) is not value:
                raise AssignsWeights(variable.path)
        self.state = [scope.get_current_value(v) for v in model.non_trainable_variables]
        self._counters.update(scope)
        return result
