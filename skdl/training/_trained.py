"""A trained network as plain data: its specification and its weights."""


class TrainedNetwork:
    """What an estimator keeps after ``fit``; pickles without Keras.

    Parameters
    ----------
    spec : NetworkSpec
        How the network is built.
    weights : Weights
        What it has learnt.
    """

    def __init__(self, spec, weights):
        self.spec = spec
        self.weights = weights
        self._loaded = None  # the weights where the network is computed

    def __getstate__(self):
        return {"spec": self.spec, "weights": self.weights, "_loaded": None}

    def __call__(self, X):
        """Compute raw outputs.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ...)
            Inputs of the network's dtype.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
            Logits or numbers.
        """
        from skdl.training._program import PROGRAMS

        predictor = PROGRAMS.network(self.spec).predictor
        if self._loaded is None:
            self._loaded = predictor.load(self.weights)
        return predictor(self._loaded, X)

    @property
    def n_parameters(self):
        """The number of trainable weights."""
        return len(self.weights.trainable)

    def model(self):
        """Build the network with these weights.

        Returns
        -------
        keras.Model
            A new one at every call.
        """
        from skdl.training._program import PROGRAMS

        model = self.spec.model()
        layout = PROGRAMS.network(self.spec).layout
        layout.write(layout.variables(model), self.weights)
        return model
