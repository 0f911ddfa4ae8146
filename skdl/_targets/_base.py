"""What the encoders of all kinds of targets share."""

import numpy as np


class Targets:
    """What the encoders of all kinds of targets share."""

    def check_validation(self, y, name="y_val"):
        """Targets of validation rows, all of which count.

        Parameters
        ----------
        y : array-like of shape (n_samples, ...)
            Targets.
        name : str, default="y_val"
            The argument's name, for messages.

        Returns
        -------
        y : ndarray of shape (n_samples, ...)
            Checked, as by ``check``.
        known : ndarray of bool of shape (n_samples,)
            Which rows can be judged.
        """
        y = self.check(y, name)
        return y, np.ones(len(y), bool)
