"""Many fits at a time: joblib's backends, of which Dask's is made safe first."""

from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel


def workers(**kwargs):
    """Make a `Parallel` of scikit-learn for whichever backend is active.

    Parameters
    ----------
    **kwargs : dict
        For `sklearn.utils.parallel.Parallel`.

    Returns
    -------
    Parallel
        Takes what `sklearn.utils.parallel.delayed` makes. On a Dask cluster it gets
        over workers that die.
    """
    active, _ = get_active_backend()
    if type(active).__module__ == "joblib._dask":  # without importing Dask
        from skdl._parallel._dask import Cluster

        kwargs["backend"] = Cluster(active)
    return Parallel(**kwargs)
