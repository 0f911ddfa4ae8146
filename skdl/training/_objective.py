"""What training lowers: objectives, and the usual one of a loss."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

from skdl.training._tensorflow import check_loss


class Value(NamedTuple):
    """What a player is to lower in a step.

    Parameters
    ----------
    value : tensor of shape (n_rows,) or ()
        Of each row, weighed: its mean is lowered, with what the layers of the player's
        network add as penalties. A single number is lowered as it is.
    log : dict of str to tensor, default={}
        Further quantities for the history, of the same shapes.
    """

    value: object
    log: dict = {}  # noqa: RUF012, never changed


class Judgement(NamedTuple):
    """What validation rows say of the networks.

    Parameters
    ----------
    means : dict of str to tensor of shape (n_rows,)
        Weighed quantities of rows, whose means are in the history; or single numbers,
        the means of these rows.
    values : dict of str to tensor of shape (n_rows, ...), default={}
        What the metrics of `Objective.metrics` are given, on the host.
    """

    means: dict
    values: dict = {}  # noqa: RUF012, never changed


class Objective:
    """What the players of a program lower, and what they are judged by.

    Subclasses are frozen dataclasses, as they are part of a program's key, and are
    compared by what their fields and methods compute. They know no backend: they use
    ``keras.ops`` and the tools they are given.

    Attributes
    ----------
    logged : dict of str to tuple of str
        For players by name, what `value` logs, beside the value itself.
    judged : tuple of str
        Names of the means that `judge` gives; "loss" has penalties of layers added.
    metrics : tuple of Metric
        Quantities that are no means over rows.
    larger_is_better : frozenset of str
        Names among `judged`.
    is_random : bool
        Whether tools are asked for random numbers.
    second_order : bool
        Whether a gradient is part of a value (``tools.value_and_gradient``): operations
        that cannot be differentiated twice are not used then.
    as_keras : bool
        Whether all is as in ``Model.fit``: rows are evaluated in the very batches that
        are asked for, looked up rows of a variable have gradients apart, and a value
        is lowered as it is even where it is no single number.
    """

    logged: ClassVar[dict] = {}
    judged: ClassVar[tuple] = ("loss",)
    metrics: ClassVar[tuple] = ()
    larger_is_better: ClassVar[frozenset] = frozenset({"accuracy"})
    is_random: ClassVar[bool] = False
    second_order: ClassVar[bool] = False
    as_keras: ClassVar[bool] = False

    def value(self, player, networks, batch, tools):
        """What a player is to lower.

        Parameters
        ----------
        player : str
            Whose turn it is. Gradients flow into its network's weights only, and only
            its network keeps changes of its state.
        networks : Networks
            ``networks[name](X, training=True)`` calls any of them with the present
            weights.
        batch : Batch
            Rows to learn from.
        tools : Tools
            Random numbers of this step, and gradients with respect to inputs.

        Returns
        -------
        Value
        """
        raise NotImplementedError

    def judge(self, networks, batch, tools):
        """What the means over validation rows are of.

        Parameters
        ----------
        networks, batch, tools : object
            As in `value`. Networks have the weights that training would keep: where a
            player has an average, that.

        Returns
        -------
        Judgement
        """
        raise NotImplementedError

    def check(self, models, key):
        """Complain about what cannot be traced.

        Parameters
        ----------
        models : dict of str to keras.Model
            Of the players.
        key : ProgramKey
            Shapes and dtypes.
        """

    def weight_dtype(self, dtype):
        """The dtype of the weights of rows, where networks compute in `dtype`."""
        return dtype

    def keras_metrics(self, models):
        """Metrics of Keras which `value` and `judge` update.

        Parameters
        ----------
        models : dict of str to keras.Model
            Of the players.

        Returns
        -------
        list of keras.metrics.Metric
            Built; those of the pattern. Their state begins anew with every pass over
            rows, and what they say at its end is in the history.
        """
        return []

    def wants_larger(self, monitor):
        """Whether a quantity of the history is the better the larger it is.

        Parameters
        ----------
        monitor : str
            Its key in the history.

        Returns
        -------
        bool
        """
        name = monitor.removeprefix("val_")
        wanted = [self.larger_is_better, *(m.larger_is_better for m in self.metrics)]
        return any(name in names for names in wanted)

    def parts(self):
        """What decides what it computes, for comparisons."""
        return type(self), *(getattr(self, f.name) for f in fields(self))


class Metric:
    """A quantity of all validation rows that is no mean over rows.

    Subclasses are frozen dataclasses: part of the key of a program.

    Attributes
    ----------
    names : tuple of str
        Of what it says, in the history after "val_".
    larger_is_better : frozenset of str
        Those among them that early stopping looks for the largest of.
    """

    names: ClassVar[tuple] = ()
    larger_is_better: ClassVar[frozenset] = frozenset()

    def tally(self):
        """Begin a pass over the rows.

        Returns
        -------
        object
            With ``add(values, weight)``, which is given ``Judgement.values`` as arrays
            and the weights of these rows, and ``result() -> dict of str to float``.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Supervised(Objective):
    """One network, whose outputs are compared with targets.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, y_pred) -> (batch,)`` in ``keras.ops``.
    means : tuple of (str, callable), default=()
        Further quantities of the validation rows, likewise, by name.
    """

    loss: Callable
    means: tuple = ()

    @property
    def judged(self):
        """Names of the means."""
        return ("loss", *(name for name, _ in self.means))

    def value(self, player, networks, batch, tools):
        """The loss of every row."""
        outputs = networks[player](batch.X, training=True)
        return Value(batch.weighed(self.loss, outputs))

    def judge(self, networks, batch, tools):
        """The loss and the further quantities of every row."""
        (name,) = networks
        outputs = networks[name](batch.X, training=False)
        functions = {"loss": self.loss, **dict(self.means)}
        return Judgement({k: batch.weighed(f, outputs) for k, f in functions.items()})

    def check(self, models, key):
        """Try the loss on a few rows, so that its errors are not those of a trace."""
        (model,) = models.values()
        check_loss(self.loss, model, key)
