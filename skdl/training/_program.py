"""A program is players + an objective, traced once and reused by later fits."""

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import keras

from skdl._seeds import seeded_build
from skdl.training._description import Description
from skdl.training._identity import identity, keras_settings
from skdl.training._objective import Objective
from skdl.training._tensorflow import Predictor, Trainer, shares_a_vector
from skdl.training._weights import Layout

MAX_PROGRAMS = 32
MAX_NETWORKS = 64  # traced for predictions; a small one takes about a megabyte
MAX_BYTES = 2**29  # of weights and optimizer state in programs that nobody uses


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is: the function that builds it and that function's arguments.

    Equal specifications share one traced program.

    Parameters
    ----------
    build : callable
        ``build(input_shape, n_outputs, *, dtype, **params) -> keras.Model``.
    input_shape : tuple of int
        Shape of one row.
    n_outputs : int or tuple of int
        Number of outputs.
    params : tuple of (str, hashable)
        Further keyword arguments of `build`, sorted by name; see `network_spec`.
    dtype : {"float32", "float64"}, default="float32"
        Precision of inputs, weights and computation.
    """

    build: Callable
    input_shape: tuple
    n_outputs: int
    params: tuple = ()
    dtype: str = "float32"

    def changed(self, input_shape, **params):
        """The same network for rows of another shape, with some other parameters.

        Parameters
        ----------
        input_shape : tuple of int or None
            Shape of one row.
        **params : dict
            Those that change.

        Returns
        -------
        NetworkSpec
            A new one.
        """
        params = tuple(sorted({**dict(self.params), **params}.items()))
        return replace(self, input_shape=tuple(input_shape), params=params)

    def model(self, seed=0):
        """Build the network.

        Parameters
        ----------
        seed : int, default=0
            Seed of the initial weights.

        Returns
        -------
        keras.Model
            Untrained.
        """
        with seeded_build(seed):
            return self.build(
                self.input_shape,
                self.n_outputs,
                dtype=self.dtype,
                **dict(self.params),
            )


def network_spec(build, input_shape, n_outputs, *, dtype="float32", **params):
    """Make a `NetworkSpec` from ordinary arguments.

    Parameters
    ----------
    build : callable
        The network function.
    input_shape : tuple of int
        Shape of one row.
    n_outputs : int
        Number of outputs.
    dtype : {"float32", "float64"}, default="float32"
        Precision.
    **params : dict
        Further arguments of `build`; lists become tuples.

    Returns
    -------
    NetworkSpec
        Hashable, and picklable where `build` is.
    """
    frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}
    return NetworkSpec(
        build, tuple(input_shape), n_outputs, tuple(sorted(frozen.items())), dtype
    )


@dataclass(frozen=True)
class ProgramKey:
    """All that decides whether two fits can share a traced program.

    Objective and augmentation are compared by what they compute at the moment when
    the key is made, with all that their functions read: see `identity`. A user may
    change that afterwards, and does so in a notebook.

    Parameters
    ----------
    players : tuple of Player
        The networks that move, in the order of their turns.
    objective : Objective
        What they lower.
    y_shape : tuple of int
        Shape of one row of y; None for an axis of any length.
    y_dtype : str
        Dtype of y.
    n_members : int, default=1
        How many copies of the networks are trained side by side.
    answers : str or None, default=None
        Name of the player whose network is asked after the fit; None is the first.
    x_shape : tuple of int or None, default=None
        Shape of one row of X; None is that of the network that answers.
    x_dtype : str or None, default=None
        Dtype in which rows are held; None is that network's.
    augment : object or None, default=None
        What training rows go through: ``augment.build()`` gives an object with
        ``variables``, the states of its random generators, and ``check(input_shape,
        dtype)``. It is called as ``(X, y, weight, tools)`` with a batch, and returns X
        of the same shape and a list of (y, weight): one target for each row, or several
        with shares of its weight.

    Attributes
    ----------
    computes : Description
        What stands for objective and augmentation in comparisons.
    """

    players: tuple
    objective: Objective = field(compare=False)
    y_shape: tuple
    y_dtype: str
    n_members: int = 1
    answers: str | None = None
    x_shape: tuple | None = None
    x_dtype: str | None = None
    augment: object = field(default=None, compare=False)
    computes: Description = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "computes", self._looked_at())

    def _looked_at(self):
        return identity(*self.objective.parts(), self.augment, keras_settings())

    @property
    def answering(self):
        """The player whose network is asked after the fit."""
        if self.answers is None:
            return self.players[0]
        (found,) = (player for player in self.players if player.name == self.answers)
        return found

    @property
    def network(self):
        """The `NetworkSpec` of the player that answers."""
        return self.answering.network

    @property
    def row_shape(self):
        """Shape of one row of X."""
        return self.network.input_shape if self.x_shape is None else self.x_shape

    @property
    def dtype(self):
        """Dtype in which is computed."""
        return self.network.dtype

    def has_changed(self):
        """Whether an optimizer, the objective or augmentation compute another thing.

        Returns
        -------
        bool
            Also True if that cannot be said.
        """
        changed = any(player.optimizer.has_changed() for player in self.players)
        return changed or self._looked_at() != self.computes


def can_have_members(key):
    """Whether several copies of the networks can be trained side by side.

    Parameters
    ----------
    key : ProgramKey
        For any number of members.

    Returns
    -------
    bool
        False if an optimizer looks at several variables at once, or averages them at
        the end, if Keras has to see each variable or the metrics by itself, or if rows
        are augmented, which is not for the empty batches of a member that has stopped.
    """
    if key.augment or key.objective.as_keras:
        return False
    return all(map(_can_be_copied, key.players))


def _can_be_copied(player):
    config = player.optimizer.config
    if config.get("global_clipnorm") or config.get("use_ema"):
        return False
    return shares_a_vector(PROGRAMS.network(player.network).layout, player.optimizer)


class Network:
    """A built network which serves as the pattern of predictors and trainers.

    Its own variables are never changed after it is built.

    Parameters
    ----------
    spec : NetworkSpec
        What to build.
    """

    def __init__(self, spec):
        self.spec = spec
        self.model = spec.model()
        self.layout = Layout(self.model, spec.model)
        variables = [*self.layout.trainable, *self.layout.state]
        self.n_bytes = sum(v.numpy().nbytes for v in variables)
        self._predictors = {}

    def has_changed(self):
        """Whether the pattern is that of a user's model, and computes otherwise now."""
        changed = getattr(self.spec.build, "has_changed", None)
        return changed is not None and changed(self.model)

    @property
    def predicts(self):
        """Whether a forward pass is traced."""
        return any(predictor.is_traced for predictor in self._predictors.values())

    def predictor(self, n_members=None, *, apart=False):
        """The traced forward pass; keeps no weights.

        Parameters
        ----------
        n_members, apart : object
            As in `Predictor`.

        Returns
        -------
        Predictor
            The same for every such call.
        """
        kind = n_members, apart
        if kind not in self._predictors:
            new = Predictor(self.model, self.layout, self.spec, n_members, apart=apart)
            self._predictors.setdefault(kind, new)
        return self._predictors[kind]


class ProgramCache:
    """Networks and idle trainers, the least recently used dropped first.

    A trainer holds the weights of the fit that is running, so each one serves a
    single fit at a time: a second thread with the same key gets its own.

    Parameters
    ----------
    max_programs : int, default=MAX_PROGRAMS
        How many idle trainers are kept.
    max_networks : int, default=MAX_NETWORKS
        How many networks are kept.
    max_bytes : int, default=MAX_BYTES
        How much memory the idle trainers' variables may hold, and the networks'.
    """

    def __init__(
        self,
        max_programs=MAX_PROGRAMS,
        max_bytes=MAX_BYTES,
        max_networks=MAX_NETWORKS,
    ):
        self.max_programs = max_programs
        self.max_networks = max_networks
        self._process = os.getpid()
        self.max_bytes = max_bytes
        self._lock = threading.RLock()
        self._networks = OrderedDict()
        self._idle = OrderedDict()  # ProgramKey -> [Trainer, ...]

    def network(self, spec, *, look=False):
        """The built network of a specification.

        Parameters
        ----------
        spec : NetworkSpec
            What is needed.
        look : bool, default=False
            Whether a network which is a user's model is looked at again.

        Returns
        -------
        Network
            Shared by all who ask for an equal specification.
        """
        if self._process != os.getpid():
            raise RuntimeError(
                "This process was forked from one in which TensorFlow was running, "
                "which TensorFlow does not survive. Start processes by 'spawn' or "
                "joblib's 'loky' instead of 'fork'."
            )
        with self._lock:
            if look and spec in self._networks and self._networks[spec].has_changed():
                del self._networks[spec]
                self._idle = OrderedDict(
                    (key, idle)
                    for key, idle in self._idle.items()
                    if all(player.network != spec for player in key.players)
                )
            if spec not in self._networks:
                self._networks[spec] = Network(spec)
            self._networks.move_to_end(spec)
            excess = sum(n.n_bytes for n in self._networks.values()) - self.max_bytes
            surplus = len(self._networks) - self.max_networks
            while surplus > 0 or (excess > 0 and len(self._networks) > 1):
                _, dropped = self._networks.popitem(last=False)
                surplus -= 1
                excess -= dropped.n_bytes
            return self._networks[spec]

    @contextlib.contextmanager
    def trainer(self, key):
        """Lend a trainer for one fit.

        Parameters
        ----------
        key : ProgramKey
            What is needed.

        Yields
        ------
        Trainer
            Used by nobody else until the block is left. After an exception it goes
            back all the same: every fit begins by setting all of its variables.

        Notes
        -----
        A trainer traces what it needs when it first needs it, from the functions that
        it was made with. So it is of use only as long as they are what they were: this
        is looked at before it is lent again, and when it comes back.
        """
        networks = {p.name: self.network(p.network) for p in key.players}
        with self._lock:
            trainer = self._idle_trainer(key)
            if trainer is None:
                trainer = Trainer(networks, key)
        try:
            yield trainer
        finally:
            trainer.clear()
            changed = any(network.has_changed() for network in networks.values())
            if not changed and not trainer.key.has_changed():
                with self._lock:
                    self._idle.setdefault(key, []).append(trainer)
                    self._idle.move_to_end(key)
                    self._drop_oldest()

    def _idle_trainer(self, key):
        """One that nobody uses, None if there is none; it is no longer idle."""
        idle = self._idle.pop(key, [])
        found = None
        while idle and found is None:
            trainer = idle.pop()
            if trainer.key is key or not trainer.key.has_changed():
                found = trainer
        if idle:
            self._idle[key] = idle
        return found

    def predicts(self, spec):
        """Whether the forward pass of a network is traced.

        Parameters
        ----------
        spec : NetworkSpec
            The network.

        Returns
        -------
        bool
            For the moment.
        """
        with self._lock:
            return spec in self._networks and self._networks[spec].predicts

    def has_idle(self, key):
        """Whether a trainer is there that needs not be traced.

        Parameters
        ----------
        key : ProgramKey
            What is needed.

        Returns
        -------
        bool
            For the moment.
        """
        with self._lock:
            return bool(self._idle.get(key))

    def _drop_oldest(self):
        kept = [t for trainers in self._idle.values() for t in trainers]
        excess = sum(t.n_bytes for t in kept) - self.max_bytes
        surplus = len(kept) - self.max_programs
        while kept and (surplus > 0 or excess > 0):
            key, trainers = next(iter(self._idle.items()))
            dropped = trainers.pop(0)
            if not trainers:
                del self._idle[key]
            surplus -= 1
            excess -= dropped.n_bytes
            kept.remove(dropped)

    def clear(self):
        """Forget all programs that are not in use."""
        with self._lock:
            self._networks.clear()
            self._idle.clear()

    def __len__(self):
        with self._lock:
            return sum(len(trainers) for trainers in self._idle.values())


PROGRAMS = ProgramCache()


def check_backend():
    """Complain if Keras was started with a backend that skdl cannot train with.

    Raises
    ------
    RuntimeError
        If the backend is not TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()!r}, but skdl trains with "
            "TensorFlow. Set the environment variable KERAS_BACKEND=tensorflow before "
            "keras is imported."
        )
