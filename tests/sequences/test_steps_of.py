"""Targets of steps which do not fit sequences are refused in a sentence."""

import numpy as np
import pytest
import scipy.sparse as sp

from skdl._targets import steps_of

LENGTHS = np.array([2, 3])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, TypeError, "y is None, but targets of sequences are expected. With"),
        (3, TypeError, "y is 3, but targets of sequences"),
        (np.array(3), TypeError, r"y is array\(3\), but targets of sequences"),
        ("text", TypeError, "y is 'text', but targets of sequences"),
        (sp.csr_array(np.eye(2)), TypeError, r"y is a sparse.*Give y.toarray\(\)"),
        (
            [[1, 2], [[1], [2], [3]]],
            ValueError,
            r"y\[1\] has shape \(3, 1\), but y\[0\] has shape \(2,\). Give every",
        ),
        ([[[1], [1, 2]], [1, 2, 3]], ValueError, r"y\[0\] is no array: its steps"),
    ],
    ids=["None", "number", "scalar", "text", "sparse", "axes", "ragged"],
)
def test_what_is_no_target_of_steps(y, error, message):
    with pytest.raises(error, match=f"^{message}"):
        steps_of(y, LENGTHS)
