"""The steps of sequences: all of them, or some up to a length and then padding."""

from keras import layers, ops


class AllSteps:
    """Sequences of one length: every step counts."""

    def clean(self, x):
        """What layers that look at neighbours may be given."""
        return x

    def normalised(self, layer, x):
        """Batch normalisation over all rows and steps."""
        return layer(x)

    def last(self, layer, x):
        """What a recurrent layer gives after the last step, going forward."""
        layer.return_sequences = False
        return layer(x)

    def first(self, layer, x):
        """What a recurrent layer gives after the first step, going backward."""
        layer.go_backwards, layer.return_sequences = True, False
        return layer(x)

    def backward(self, layer, x):
        """What a recurrent layer gives at every step, going backward."""
        layer.go_backwards = True
        return ops.flip(layer(x), axis=1)

    def average(self, x):
        """The mean over steps."""
        return ops.mean(x, axis=1)

    def maximum(self, x):
        """The maximum over steps."""
        return ops.max(x, axis=1)

    def weighed(self, x, scores):
        """The mean over steps, with the softmax of their scores as weights."""
        return ops.sum(x * ops.softmax(scores, axis=1), axis=1)

    def pooled(self, x, size, name):
        """The maximum of every `size` steps, the last of them maybe fewer."""
        return _pool(x, size, name), self


class PaddedSteps(AllSteps):
    """Sequences with padding at the end, which changes nothing of what they give.

    Parameters
    ----------
    lengths : tensor of shape (batch,)
        How many steps each sequence has, of int32.
    like : tensor of shape (batch, n_steps, ...)
        Something with as many steps as there are with padding.
    """

    def __init__(self, lengths, like):
        self._lengths = lengths
        ones = ops.ones_like(like[:, :, 0], dtype="int32")
        self._places = ops.cumsum(ones, axis=1) - 1
        self._mask = self._places < ops.expand_dims(lengths, 1)

    def _where(self, x, other):
        return ops.where(ops.expand_dims(self._mask, 2), x, other)

    def clean(self, x):
        """Zeros in place of padding, as there are beyond the ends of a sequence."""
        return self._where(x, ops.zeros_like(x))

    def normalised(self, layer, x):
        """Batch normalisation over the steps that count."""
        return layer(x, mask=self._mask)

    def last(self, layer, x):
        """What a recurrent layer gives after the last step, going forward."""
        return self._final(layer(x))

    def first(self, layer, x):
        """What a recurrent layer gives after the first step, going backward."""
        return self._final(layer(self._reversed(x)))

    def backward(self, layer, x):
        """What a recurrent layer gives at every step, going backward."""
        return self._reversed(layer(self._reversed(x)))

    def _final(self, x):
        place = ops.maximum(self._lengths - 1, 0)[:, None, None]
        return ops.squeeze(ops.take_along_axis(x, place, axis=1), axis=1)

    def _reversed(self, x):
        """The steps of each sequence in the other order, padding where it is."""
        last = ops.expand_dims(self._lengths, 1) - 1
        places = ops.where(self._mask, last - self._places, self._places)
        return ops.take_along_axis(x, ops.expand_dims(places, 2), axis=1)

    def average(self, x):
        """The mean over the steps that count."""
        n_steps = ops.cast(ops.maximum(self._lengths, 1), x.dtype)
        return ops.sum(self.clean(x), axis=1) / ops.expand_dims(n_steps, 1)

    def maximum(self, x):
        """The maximum over the steps that count; 0 where there are none."""
        largest = ops.max(self._where(x, ops.full_like(x, LOWEST)), axis=1)
        some = ops.expand_dims(self._lengths > 0, 1)
        return ops.where(some, largest, ops.zeros_like(largest))

    def weighed(self, x, scores):
        """The mean over the steps that count, weighed by the softmax of scores."""
        scores = self._where(scores, ops.full_like(scores, LOWEST))
        return super().weighed(self.clean(x), scores)

    def pooled(self, x, size, name):
        """The maximum of every `size` steps, and how many of these count."""
        x = _pool(self._where(x, ops.full_like(x, LOWEST)), size, name)
        steps = PaddedSteps((self._lengths + size - 1) // size, x)
        return steps.clean(x), steps


LOWEST = -1e30  # below everything, and still finite when a few are added


def _pool(x, size, name):
    """Windows begin at the first step, however many steps there are."""
    if size == 1:
        return x
    x = ops.pad(x, [[0, 0], [0, size - 1], [0, 0]], constant_values=LOWEST)
    return layers.MaxPooling1D(
        size, data_format="channels_last", dtype=x.dtype, name=name
    )(x)
