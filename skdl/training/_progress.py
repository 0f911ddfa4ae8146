"""One printed line for every epoch."""

import numpy as np

from skdl.training._loop import Listener


class PrintedProgress(Listener):
    """Prints loss and metrics; used with ``verbose=1``."""

    def on_epoch_end(self, run, epoch, logs):
        """Print a line.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        logs : dict
            Of floats.
        """
        last = run.plan.first_epoch + run.plan.epochs
        values = " - ".join(
            f"{name}: {np.mean(value):.4g}" for name, value in logs.items()
        )
        print(f"Epoch {epoch + 1}/{last} - {values}")
