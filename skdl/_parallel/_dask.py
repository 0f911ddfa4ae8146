"""joblib's Dask backend, made to get over what goes wrong."""

import weakref
from concurrent.futures import Future

import cloudpickle
import dask
from dask.sizeof import sizeof
from joblib._dask import DaskDistributedBackend, is_weakrefable

# Of dask: a warning where a task is sent with much data. Ours is sent only once.
NO_WARNING = {"distributed.admin.large-graph-warning-threshold": "1 PiB"}


class Cluster(DaskDistributedBackend):
    """The backend of ``joblib.parallel_config(backend="dask")`` with some changes.

    - joblib scatters arrays: only workers have them then, most of them only one, and
      with its death all tasks that need them are lost. Here they are results of tasks
      of their own, which the scheduler runs again on another worker.
    - A task that has killed several workers, that cannot be pickled, or that cannot be
      unpickled by a worker, is an error; joblib would wait for its result for ever.
      So calls travel as bytes, and are unpickled within their task.
    - A cluster with a single thread left is used; joblib would go on without it.

    Parameters
    ----------
    active : DaskDistributedBackend
        joblib's own, as the user has set it up.
    """

    def __init__(self, active):
        super().__init__(
            client=active.client,
            wait_for_workers_timeout=active.wait_for_workers_timeout,
            **active.submit_kwargs,
        )
        self.data_futures = dict(active.data_futures)  # that the user has scattered
        self._sent = {}  # id -> weak reference, while `data_futures` has the value

    def submit(self, func, callback=None):
        """Have a batch of tasks run.

        Parameters
        ----------
        func : BatchedCalls
            The tasks.
        callback : callable, default=None
            Is given the result, or the error.

        Returns
        -------
        concurrent.futures.Future
            Will have the result.
        """
        try:
            func.items = [self._packed(*call) for call in func.items]
        except Exception as error:  # something cannot be pickled
            future = Future()
            future.set_exception(error)
        else:
            future = super().submit(func, callback)

        def tell(future):
            if callback is not None and future.exception() is not None:
                callback(future.exception())

        future.add_done_callback(tell)
        return future

    def effective_n_jobs(self, n_jobs=1):
        """How many tasks at a time.

        Parameters
        ----------
        n_jobs : int, default=1
            Not used.

        Returns
        -------
        int
            Threads of the cluster, but not 1: joblib would run the tasks itself.
        """
        return max(2, super().effective_n_jobs(n_jobs))

    def abort_everything(self, ensure_ready=True):
        """Let go of all tasks, so that those still waiting are not begun.

        Parameters
        ----------
        ensure_ready : bool, default=True
            Not used.
        """
        super().abort_everything(ensure_ready)
        # in the thread that takes results out of them
        self.client.loop.add_callback(self._results.clear)
        self.client.loop.add_callback(self._callbacks.clear)

    def terminate(self):
        """Let the cluster forget the data."""
        for key in list(self._sent):
            self._forget(key)

    def _packed(self, func, args, kwargs):
        """The same call, as bytes and a few large values."""
        values = [*args, *kwargs.values()]
        large = {  # those that joblib would scatter
            place: value
            for place, value in enumerate(values)
            if is_weakrefable(value) and sizeof(value) > 1e3
        }
        for place, value in large.items():
            self._send(value)
            values[place] = None
        data = cloudpickle.dumps((func, len(args), list(kwargs), values))
        return _call, (data, list(large), *large.values()), {}

    def _send(self, value):
        """Have `value` on the cluster as the result of a task, while it exists here."""
        key = id(value)
        if key in self.data_futures:
            return
        with dask.config.set(NO_WARNING):
            self.data_futures[key] = self.client.submit(_same, value, pure=False)
        self._sent[key] = weakref.ref(value, lambda _: self._forget(key))

    def _forget(self, key):
        self.data_futures.pop(key, None)
        self._sent.pop(key, None)


def _same(value):
    return value


def _call(data, places, *large):
    func, n_args, names, values = cloudpickle.loads(data)
    for place, value in zip(places, large, strict=True):
        values[place] = value
    kwargs = dict(zip(names, values[n_args:], strict=True))
    return func(*values[:n_args], **kwargs)
