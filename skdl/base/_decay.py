"""Kernels that shrink, and a learning rate that falls, over a whole training."""

ADAMS = ("adam", "adamw", "nadam")  # which have the learning rate of the defaults


class DecayMixin:
    """What `weight_decay` and ``learning_rate_schedule="auto"`` stand for.

    A subclass has these parameters, and says by ``_adam_rate`` what learning rate suits
    its networks.
    """

    _least_decay_steps = 0  # over which kernels shrink by weight_decay

    def _decay_of_kernels(self, peak_rate, n_steps):
        if not self.weight_decay:
            return 0.0
        rate = peak_rate()
        # over a few steps, as in partial_fit, learning could not make up for it
        n_steps = max(n_steps, self._least_decay_steps)
        return self.weight_decay / (rate * n_steps) if rate else 0.0

    def _chosen_rate(self):
        if self.learning_rate is None and self.optimizer in ADAMS:
            return self._adam_rate
        return self.learning_rate

    def _chosen_schedule(self, own):
        if isinstance(self.learning_rate_schedule, str) and (
            self.learning_rate_schedule == "auto"
        ):
            return "cosine" if own is None else own
        return super()._chosen_schedule(own)
