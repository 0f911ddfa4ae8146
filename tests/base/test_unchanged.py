"""What a failed method leaves of an estimator, and what an interrupt does."""

import pytest

from skdl.base._unchanged import has_kept, keep_after, or_unchanged
from skdl.exceptions import TrainingInterruptedWarning


class Part:
    """Learns something, and is interrupted or fails."""

    def __init__(self, error=KeyboardInterrupt, keep_fails=False):
        self.error, self.keep_fails = error, keep_fails

    def _keep(self, value):
        self.learnt_ = value
        if self.keep_fails:
            raise ValueError

    @or_unchanged
    def fit(self, value=1):
        self.half_ = value
        try:
            raise self.error
        except KeyboardInterrupt as interrupt:
            keep_after(interrupt, self, value, self._keep, value)
            raise


class Whole:
    """Has a part that keeps what it learns, and keeps nothing itself."""

    def __init__(self, part):
        self.part = part

    @or_unchanged
    def fit(self):
        self.half_ = 1
        self.part.fit()


def learnt(part):
    return {k: v for k, v in vars(part).items() if k.endswith("_")}


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_failed_method_changes_nothing(error):
    part = Part(error)
    with pytest.raises(error):
        part.fit()
    assert learnt(part) == {}


@pytest.mark.parametrize(("n", "text"), [(1, "after 1 epoch;"), (3, "after 3 epochs;")])
def test_an_interrupt_leaves_what_was_kept(n, text):
    part = Part()
    with (
        pytest.warns(TrainingInterruptedWarning, match=text),
        pytest.raises(KeyboardInterrupt) as info,
    ):
        part.fit(n)
    assert learnt(part) == {"half_": n, "learnt_": n}
    assert info.type is KeyboardInterrupt
    assert has_kept(part, info.value)
    assert not has_kept(Part(), info.value)


def test_what_could_not_be_kept_is_not_kept(recwarn):
    part = Part(keep_fails=True)
    with pytest.raises(KeyboardInterrupt):
        part.fit()
    assert learnt(part) == {}
    assert list(recwarn) == []


def test_who_has_kept_nothing_itself_is_as_it_was():
    whole = Whole(Part())
    with pytest.warns(TrainingInterruptedWarning), pytest.raises(KeyboardInterrupt):
        whole.fit()
    assert learnt(whole) == {}
    assert learnt(whole.part) == {"half_": 1, "learnt_": 1}


def test_one_interrupt_has_one_warning(recwarn):
    interrupt, parts = KeyboardInterrupt(), [Part(), Part()]
    for part in parts:
        keep_after(interrupt, part, 1, part._keep, 1)
    assert [w.category for w in recwarn] == [TrainingInterruptedWarning]
    assert all(has_kept(part, interrupt) for part in parts)
