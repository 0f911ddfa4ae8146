"""A trained network as plain data: its specification and its weights."""

import numpy as np

MEMBERS = 5  # side by side at most: more take longer to trace than they give back


class TrainedNetwork:
    """What an estimator keeps after ``fit``; pickles without Keras.

    Parameters
    ----------
    spec : NetworkSpec
        How the network is built.
    weights : list of Weights
        What it has learnt; several for members that answer side by side.
    members : bool, default=False
        Whether outputs have a leading axis of members, even if there is only one.
    """

    def __init__(self, spec, weights, *, members=False):
        self.spec = spec
        self.weights = weights
        self._n_members = len(weights) if members else None
        self._loaded = None  # the weights where the network is computed

    def __getstate__(self):
        return {**self.__dict__, "_loaded": None}

    def __call__(self, X, spec=None):
        """Compute raw outputs.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ...)
            Inputs of the network's dtype.
        spec : NetworkSpec or None, default=None
            A network with the same weights for rows of another shape; None takes that
            which was trained.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs) or (n_members, n_rows, n_outputs)
            Logits or numbers.
        """
        from skdl.training._program import PROGRAMS

        network = PROGRAMS.network(self.spec if spec is None else spec)
        if self._loaded is None:
            self._loaded = network.predictor(self._n_members).load(self.weights)
        if self._n_members is None:
            return network.predictor()(self._loaded, X)
        answers = []
        for start in range(0, self._n_members, MEMBERS):
            some = self._loaded[start : start + MEMBERS]
            answers.append(network.predictor(len(some))(some, X))
        return answers[0] if len(answers) == 1 else np.concatenate(answers)

    @property
    def layout(self):
        """Which variables the network has."""
        from skdl.training._program import PROGRAMS

        return PROGRAMS.network(self.spec).layout

    @property
    def n_parameters(self):
        """The number of trainable weights."""
        return sum(len(member.trainable) for member in self.weights)

    def models(self):
        """Build the network with the weights of each member.

        Returns
        -------
        list of keras.Model
            New ones at every call.
        """
        layout = self.layout
        models = [self.spec.model() for _ in self.weights]
        for model, weights in zip(models, self.weights, strict=True):
            layout.write(layout.variables(model), weights)
        return models
