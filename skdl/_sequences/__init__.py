"""From a user's sequences to what a network for sequences takes."""

from skdl._sequences._check import check_sequences, check_tokens
from skdl._sequences._inputs import SequenceInputs, TokenInputs, is_padded
from skdl._sequences._numbers import FILL, as_numbers, is_finite
from skdl._sequences._padding import is_step, lengths_of, pad_sequences
from skdl._sequences._ragged import (
    as_sequences,
    is_ragged,
)
from skdl._sequences._stacked import StackedSteps, repeat_over_steps
from skdl._sequences._windows import flat_windows, windows

__all__ = [
    "FILL",
    "SequenceInputs",
    "StackedSteps",
    "TokenInputs",
    "as_numbers",
    "as_sequences",
    "check_sequences",
    "check_tokens",
    "flat_windows",
    "is_finite",
    "is_padded",
    "is_ragged",
    "is_step",
    "lengths_of",
    "pad_sequences",
    "repeat_over_steps",
    "windows",
]
