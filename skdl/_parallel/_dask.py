"""joblib's Dask backend, made to get over what goes wrong on a cluster."""

import weakref

import cloudpickle
import dask
import joblib
from dask.sizeof import sizeof
from joblib._dask import DaskDistributedBackend, is_weakrefable

# Of dask: a warning where a task is sent with much data. Ours is sent only once.
NO_WARNING = {"distributed.admin.large-graph-warning-threshold": "1 PiB"}


class Cluster(DaskDistributedBackend):
    """The backend of ``joblib.parallel_config(backend="dask")``, with other tasks.

    - joblib scatters arrays: only workers have them then, most of them only one, and
      with its death all tasks that need them are lost. Here they are results of tasks
      of their own, which the scheduler runs again on another worker.
    - A task that has killed several workers, that cannot be pickled, or that cannot be
      unpickled by a worker, is an error; joblib would wait for its result for ever.
      So calls travel as bytes, and are unpickled within their task.
    - When one task is an error, the others are called off and leave nothing behind.
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
        self._running = set()

    def start_call(self):
        """Do nothing: every task has its own callback."""

    def stop_call(self):
        """Do nothing."""

    def submit(self, func, callback=None):
        """Have a batch of calls run.

        Parameters
        ----------
        func : BatchedCalls
            The calls.
        callback : callable, default=None
            Is given the results, or the error.

        Returns
        -------
        distributed.Future or None
            None if there was an error already.
        """

        def done(future):
            self._running.discard(future)
            try:
                result = future.result()
            except BaseException as error:  # dask's own is not an Exception
                result = error
            future.release()  # the error's traceback may keep it alive
            if callback is not None:
                callback(result)

        try:
            future = self.client.submit(
                _run,
                [self._packed(*call) for call in func.items],
                pure=False,
                **self.submit_kwargs,
            )
        except Exception as error:  # something cannot be pickled
            if callback is not None:
                callback(error)
            return None
        self._running.add(future)
        future.add_done_callback(done)
        return future

    def retrieve_result_callback(self, out):
        """Give a result, or raise an error.

        Parameters
        ----------
        out : object
            What `submit` has called back with.

        Returns
        -------
        list
            One result for each call.
        """
        if isinstance(out, BaseException):
            raise out
        return out

    def abort_everything(self, ensure_ready=True):
        """Call all tasks off; those that run already run to their end.

        Parameters
        ----------
        ensure_ready : bool, default=True
            Not used.
        """
        self.client.cancel(list(self._running))
        self._running.clear()

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

    def terminate(self):
        """Let the cluster forget the data."""
        for key in list(self._sent):
            self._forget(key)

    def _packed(self, func, args, kwargs):
        """A call as bytes, and its large values as futures with their places."""
        values = [*args, *kwargs.values()]
        large = {}
        for place, value in enumerate(values):
            if is_weakrefable(value) and sizeof(value) > 1e3:
                large[place] = self._send(value)
                values[place] = None
        data = cloudpickle.dumps((func, len(args), list(kwargs), values))
        return data, list(large), list(large.values())

    def _send(self, value):
        """Have `value` on the cluster as the result of a task, while it exists here."""
        key = id(value)
        if key not in self.data_futures:
            with dask.config.set(NO_WARNING):
                self.data_futures[key] = self.client.submit(_same, value, pure=False)
            self._sent[key] = weakref.ref(value, lambda _: self._forget(key))
        return self.data_futures[key]

    def _forget(self, key):
        self.data_futures.pop(key, None)
        self._sent.pop(key, None)


def _same(value):
    return value


def _run(calls):
    with joblib.parallel_config(backend="dask"):  # for loops within them
        return [_call(*call) for call in calls]


def _call(data, places, large):
    func, n_args, names, values = cloudpickle.loads(data)
    for place, value in zip(places, large, strict=True):
        values[place] = value
    return func(*values[:n_args], **dict(zip(names, values[n_args:], strict=True)))
