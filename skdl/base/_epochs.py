"""Epochs as tasks of scikit-learn's callbacks."""

from skdl.training._loop import Listener


class EpochTasks(Listener):
    """Tells scikit-learn callbacks of every epoch.

    Parameters
    ----------
    estimator : NeuralEstimator
        Whose callbacks they are.
    context : sklearn.callback.CallbackContext
        The task of the whole fit.
    fitted_attributes : callable
        ``fitted_attributes(weights, n_epochs) -> dict``: what an estimator fitted so
        far would have.
    X, y, metadata : object
        Shown to the callbacks.
    """

    def __init__(self, estimator, context, fitted_attributes, X, y, metadata):
        self._estimator = estimator
        self._context = context
        self._fitted_attributes = fitted_attributes
        self._shown = {"X": X, "y": y, "metadata": metadata}

        self._history = {}

    def _attributes(self, run, n_epochs):
        history = {name: [*values] for name, values in self._history.items()}

        def attributes():
            weights = [players[run.trainer.answers] for players in run.weights()]
            return {**self._fitted_attributes(weights, n_epochs), "history_": history}

        return attributes

    def on_epoch_begin(self, run, epoch, learning_rate):
        """Begin a task.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        learning_rate : float
            Not shown.
        """
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(
            estimator=self._estimator,
            reconstruction_attributes=self._attributes(run, epoch),
            **self._shown,
        )

    def on_epoch_end(self, run, epoch, logs):
        """End the task; a callback may ask for the end of training.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        logs : dict
            Of floats; they are the end of the ``history_`` that callbacks see.
        """
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        run.stop |= self._task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=self._attributes(run, epoch + 1),
            **self._shown,
        )
