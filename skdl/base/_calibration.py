"""Temperature scaling of logits."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

COLDEST, HOTTEST = np.log(0.05), np.log(20.0)  # far beyond what networks need


def best_temperature(logits, y, weight):
    """The temperature that makes log loss smallest (Guo et al. 2017).

    Parameters
    ----------
    logits : ndarray of shape (n_rows, n_outputs)
        Of rows that were not trained on.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Class indices, or indicators 0 and 1 for columns that are labels by themselves.
    weight : ndarray of shape (n_rows,)
        Row weights.

    Returns
    -------
    float
        Logits divided by it give the probabilities; above 1 these are less sure than
        the network was.

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calibration of modern
    neural networks. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[2.0], [2.0], [2.0], [2.0]])  # as sure as 88 %
    >>> y = np.array([[1.0], [1.0], [1.0], [0.0]])  # and right in 75 %
    >>> round(best_temperature(logits, y, np.ones(4)), 2)
    1.82
    """
    logits = logits.astype(np.float64)

    def loss(log_temperature):
        z = logits / np.exp(log_temperature)
        if y.ndim == 1:
            of_rows = -log_softmax(z, axis=1)[np.arange(len(y)), y]
        else:
            of_rows = -(y * log_expit(z) + (1 - y) * log_expit(-z)).sum(axis=1)
        return weight @ of_rows

    found = minimize_scalar(loss, bounds=(COLDEST, HOTTEST), method="bounded")
    return float(np.exp(found.x))
