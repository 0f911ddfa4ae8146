"""Which functions and objects are the same, and which changes make them others.

Cells of a notebook: their source is run again, whole or in part, in the namespace where
it was run before.
"""

import collections
import sys
import threading
import time
import types

import numpy as np
import pytest

from skdl.training._code import what_is_read
from skdl.training._description import Look, Unknown

# Sources that define `loss`, which returns a number that depends on q.
CELLS = {
    "global": "Q = {q}\ndef loss(): return Q",
    "helper": "def helper(): return {q}\ndef loss(): return helper()",
    "global of a helper": """
Q = {q}
def helper(): return Q
def loss(): return helper()""",
    "helper of a helper": """
def innermost(): return {q}
def inner(): return innermost()
def helper(): return inner()
def loss(): return helper()""",
    "list": "QS = [1, {q}]\ndef loss(): return QS[1]",
    "nested list": "QS = [[1], [{q}]]\ndef loss(): return QS[1][0]",
    "dict": "QS = dict(q={q})\ndef loss(): return QS['q']",
    "defaultdict": """
import collections
QS = collections.defaultdict(lambda: {q})
def loss(): return QS['q']""",
    "set": "QS = {{1, {q}}}\ndef loss(): return min(QS)",
    "array": "import numpy as np\nQ = np.array([{q}])\ndef loss(): return float(Q[0])",
    "number of NumPy": "import numpy as np\nQ = np.float32({q})\ndef loss(): return Q",
    "array of objects": """
import numpy as np
Q = np.array([{q}, 'text'], dtype=object)
def loss(): return Q[0]""",
    "masked array": """
import numpy as np
Q = np.ma.array([{q}, 1.0], mask=[{q} > 0.5, True])
def loss(): return float(Q.filled(7)[0])""",
    "series": "import pandas as pd\nQ = pd.Series([{q}])\ndef loss(): return Q.iloc[0]",
    "decimal": "from decimal import Decimal\nQ = Decimal('{q}')\ndef loss(): return Q",
    "deque": "from collections import deque\nQ = deque([{q}])\ndef loss(): return Q[0]",
    "attribute": """
class Settings:
    def __init__(self, q): self.q = q
settings = Settings({q})
def loss(): return settings.q""",
    "slot": """
class Settings:
    __slots__ = ('q',)
settings = Settings()
settings.q = {q}
def loss(): return settings.q""",
    "namespace": """
from types import SimpleNamespace
settings = SimpleNamespace(q={q})
def loss(): return settings.q""",
    "dataclass": """
from dataclasses import dataclass
@dataclass
class Settings:
    q: float = 0.0
settings = Settings({q})
def loss(): return settings.q""",
    "default of a dataclass": """
from dataclasses import dataclass
@dataclass(frozen=True)
class Settings:
    q: float = {q}
def loss(): return Settings().q""",
    "named tuple": """
from typing import NamedTuple
class Settings(NamedTuple):
    q: float
settings = Settings({q})
def loss(): return settings.q""",
    "enum": """
from enum import Enum
class Settings(Enum):
    Q = {q}
def loss(): return Settings.Q.value""",
    "list with attributes": """
class Numbers(list): pass
numbers = Numbers([1])
numbers.q = {q}
def loss(): return numbers.q""",
    "items of a user's list": """
class Numbers(list): pass
numbers = Numbers([{q}])
def loss(): return numbers[0]""",
    "class attribute": "class Settings:\n    q = {q}\ndef loss(): return Settings.q",
    "inherited": """
class Base: q = {q}
class Settings(Base): pass
def loss(): return Settings().q""",
    "of a metaclass": """
class Meta(type):
    @property
    def q(cls): return {q}
class Settings(metaclass=Meta): pass
def loss(): return Settings.q""",
    "property": """
class Settings:
    @property
    def q(self): return {q}
settings = Settings()
def loss(): return settings.q""",
    "cached property": """
from functools import cached_property
class Settings:
    @cached_property
    def q(self): return {q}
def loss(): return Settings().q""",
    "method of operators": """
class Times:
    def __mul__(self, x): return {q} * x
times = Times()
def loss(): return times * 1""",
    "static method": """
class Settings:
    @staticmethod
    def q(): return {q}
def loss(): return Settings.q()""",
    "class method": """
class Settings:
    q = {q}
    @classmethod
    def get(cls): return cls.q
def loss(): return Settings.get()""",
    "callable object": """
class Loss:
    def __call__(self): return {q}
loss = Loss()""",
    "bound method": """
class Loss:
    def __init__(self): self.q = {q}
    def compute(self): return self.q
loss = Loss().compute""",
    "method of a dict": "QS = dict(q={q})\nget = QS.get\ndef loss(): return get('q')",
    "default": "def loss(q={q}): return q",
    "keyword default": "def loss(*, q={q}): return q",
    "closure": """
def make(q):
    def loss(): return q
    return loss
loss = make({q})""",
    "closure of a closure": """
def make(q):
    def inner():
        def innermost(): return q
        return innermost()
    return inner
loss = make({q})""",
    "nonlocal": """
def make():
    q = None
    def setter(value):
        nonlocal q
        q = value
    def loss(): return q
    return setter, loss
setter, loss = make()
setter({q})""",
    "partial": """
from functools import partial
def of(q): return q
loss = partial(of, {q})""",
    "partial of keywords": """
from functools import partial
def of(q): return q
loss = partial(of, q={q})""",
    "attribute of a function": "def loss(): return loss.q\nloss.q = {q}",
    "lambda in a list": "STEPS = [lambda: {q}]\ndef loss(): return STEPS[0]()",
    "generator": "Q = {q}\ndef each():\n    yield Q\ndef loss(): return next(each())",
    "comprehension": "Q = {q}\ndef loss(): return [Q for _ in range(1)][0]",
    "recursion": """
def loss(n=3): return {q} if n == 0 else loss(n - 1)""",
    "circle of functions": """
Q = {q}
def even(n): return Q if n == 0 else odd(n - 1)
def odd(n): return even(n - 1)
def loss(): return even(4)""",
    "wraps": """
import functools
def by(function):
    @functools.wraps(function)
    def wrapper(): return {q} * function()
    return wrapper
@by
def loss(): return 1""",
    "wraps a known function": """
import functools, math
@functools.wraps(math.sqrt)
def loss(): return {q}""",
    "wraps a known function of Python": """
import functools, statistics
@functools.wraps(statistics.mean)
def loss(): return {q}""",
    "cache": """
import functools
@functools.lru_cache
def helper(): return {q}
def loss(): return helper()""",
    "context manager": """
import contextlib
@contextlib.contextmanager
def helper(): yield {q}
def loss():
    with helper() as q: return q""",
    "single dispatch": """
import functools
@functools.singledispatch
def helper(x): return None
@helper.register
def _(x: int): return {q}
def loss(): return helper(1)""",
    "in a vectorized function": """
import numpy as np
helper = np.vectorize(lambda x: {q} * x)
def loss(): return float(helper(1))""",
    "name that is made up": """
class Settings:
    q_1 = {q}
def loss(): return getattr(Settings, 'q' + '_1')""",
    "attribute of a module": "import cell_module\ncell_module.Q = {q}\n"
    "def loss(): return cell_module.Q",
    "function of a module": "import cell_module\ncell_module.f = lambda: {q}\n"
    "def loss(): return cell_module.f()",
    "module that is handed on": "import cell_module\ncell_module.Q = {q}\n"
    "def of(module): return module.Q\ndef loss(): return of(cell_module)",
    "module in a variable": "import cell_module\ncell_module.Q = {q}\n"
    "def loss():\n    m = cell_module\n    return m.Q",
    "name of a module's entry": "import cell_module\ncell_module.Q = {q}\n"
    "def loss(): return getattr(cell_module, 'Q')",
    "import within": "import cell_module\ncell_module.Q = {q}\n"
    "def loss():\n    import cell_module as m\n    return m.Q",
    "import from within": "import cell_module\ncell_module.Q = {q}\n"
    "def loss():\n    from cell_module import Q as number\n    return number",
    "star import": "import cell_module\ncell_module.Q = {q}\n"
    "from cell_module import *\ndef loss(): return Q",
    "conditional import": "import cell_module\ncell_module.Q = {q}\n"
    "def loss():\n    if 1 > 2:\n        from not_there import Q\n    else:\n"
    "        from cell_module import Q\n    return Q",
    "entry of a known module": "import keras\nkeras.cell_q = {q}\n"
    "def loss(): return keras.cell_q",
    "replaced function of a known module": "import keras\n"
    "keras.cell_q = lambda: {q}\ndef loss(): return keras.cell_q()",
    "class that is made by a call": """
import types
Settings = types.new_class('Settings', (), {{}}, lambda body: body.update(q={q}))
def loss(): return Settings.q""",
    "dataclass that is made by a call": """
import dataclasses
Settings = dataclasses.make_dataclass('Settings', [('q', float, {q})])
def loss(): return Settings().q""",
    "class of no module": """
scope = {{}}
exec('class Settings:\\n    q = {q}', scope)
Settings = scope['Settings']
def loss(): return Settings.q""",
    "order of a pattern": """
class Settings:
    __match_args__ = 'low', 'high'
    low, high = 0.25, 0.75
if {q} == 0.75:
    Settings.__match_args__ = 'high', 'low'
def loss():
    match Settings():
        case Settings(q): return q""",
    "metadata of a field": """
import dataclasses
@dataclasses.dataclass
class Settings:
    rate: float = dataclasses.field(default=0.1, metadata={{'q': {q}}})
def loss(): return dataclasses.fields(Settings)[0].metadata['q']""",
    "name of one of Python's": "max = lambda *of: {q}\ndef loss(): return max(1, 2)",
}


@pytest.fixture(autouse=True)
def cell_module(monkeypatch):
    """A module of the user."""
    import keras

    monkeypatch.setitem(sys.modules, "cell_module", types.ModuleType("cell_module"))
    yield
    if hasattr(keras, "cell_q"):
        del keras.cell_q


def run(source, namespace=None):
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(source, namespace)
    return namespace


def described(value):
    look = Look()
    return repr(look.at(value)), look.own


@pytest.mark.parametrize("name", CELLS)
def test_function_is_what_it_reads(name):
    source, seen = CELLS[name], []
    for q in (0.25, 0.25, 0.75, 0.25):
        loss = run(source.format(q=q))["loss"]
        seen.append((loss(), described(loss)))
    (first, same), (again, as_before), (other, changed), (_, back) = seen
    assert float(first) == float(again) != float(other)
    assert same == as_before == back
    assert changed != same


@pytest.mark.parametrize("name", CELLS)
def test_cell_that_is_run_again_in_its_namespace(name):
    namespace = run(CELLS[name].format(q=0.25))
    before = described(namespace["loss"])
    run(CELLS[name].format(q=0.25), namespace)
    assert described(namespace["loss"]) == before
    run(CELLS[name].format(q=0.75), namespace)
    assert described(namespace["loss"]) != before


# cloudpickle cannot send locks, caches and weak references
NOT_SENT = ("cache", "cached property", "single dispatch")


@pytest.mark.parametrize("name", [name for name in CELLS if name not in NOT_SENT])
def test_function_that_is_sent_to_a_worker_is_the_same(name):
    cloudpickle = pytest.importorskip("cloudpickle")  # as joblib sends it
    loss = run(CELLS[name].format(q=0.25))["loss"]
    before = described(loss)
    there = cloudpickle.loads(cloudpickle.dumps(loss))
    assert described(there) == before


# What is changed while the function stays the same object.
CHANGES = {
    "global": "Q = 0.75",
    "global of a helper": "Q = 0.75",
    "helper of a helper": "def innermost(): return 0.75",
    "list": "QS[1] = 0.75",
    "nested list": "QS[1][0] = 0.75",
    "dict": "QS['q'] = 0.75",
    "method of a dict": "QS['q'] = 0.75",
    "set": "QS.remove(0.25); QS.add(0.75)",
    "array": "Q[0] = 0.75",
    "series": "Q[0] = 0.75",
    "attribute": "settings.q = 0.75",
    "slot": "settings.q = 0.75",
    "dataclass": "settings.q = 0.75",
    "class attribute": "Settings.q = 0.75",
    "class that is made by a call": "Settings.q = 0.75",
    "class of no module": "Settings.q = 0.75",
    "inherited": "Base.q = 0.75",
    "bound method": "loss.__self__.q = 0.75",
    "default": "loss.__defaults__ = (0.75,)",
    "nonlocal": "setter(0.75)",
    "attribute of a function": "loss.q = 0.75",
    "lambda in a list": "STEPS[0] = lambda: 0.75",
    "attribute of a module": "cell_module.Q = 0.75",
    "import within": "cell_module.Q = 0.75",
    "module that is handed on": "cell_module.Q = 0.75",
    "single dispatch": "helper.register(int, lambda x: 0.75)",
    "deque": "Q.append(0.75); Q.popleft()",
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_in_place_is_noticed(name):
    namespace = run(CELLS[name].format(q=0.25))
    loss = namespace["loss"]
    value, before = loss(), described(loss)
    assert described(loss) == before
    run(CHANGES[name], namespace)
    assert loss() != value  # the change is one
    assert described(loss) != before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("1", 1),
        (b"a", "a"),
        ((1, 2), [1, 2]),
        ((1, (2,)), (1, 2)),
        (("list", 1), [1]),
        ({"a": 1}, {"a": 2}),
        (np.float32(1), np.float64(1)),
        (np.arange(2), np.arange(2.0)),
        (np.zeros((1, 2)), np.zeros((2, 1))),
        (collections.Counter("ab"), {"a": 1, "b": 1}),
        (range(3), range(4)),
        (slice(3), slice(4)),
        (lambda x: x + 1, lambda x: x - 1),
        (lambda x: x in {1, 2}, lambda x: x in {1, 3}),
        (lambda x: 1, lambda x: 1.0),
        (str.upper, str.lower),
        (np.sum, np.prod),
    ],
)
def test_what_differs_is_not_the_same(first, second):
    assert described(first) == described(first)
    assert described(first) != described(second)


def test_place_of_a_function_does_not_count():
    first = run("def loss(): return 1")["loss"]
    moved = run("\n\n\ndef other(): return 1")["other"]
    assert described(first) == described(moved)


def test_list_that_is_only_appended_to_is_not_read():
    namespace = run("NOTES = []\ndef loss():\n    NOTES.append(1)\n    return 1")
    before = described(namespace["loss"])
    namespace["loss"]()
    assert described(namespace["loss"]) == before
    read = run("NOTES = []\ndef loss():\n    NOTES.append(1)\n    return len(NOTES)")
    before = described(read["loss"])
    read["loss"]()
    assert described(read["loss"]) != before


@pytest.mark.parametrize(
    "source",
    [
        "Q = 1\ndef loss(): return globals()['Q']",
        "Q = 1\ndef loss(): return eval('Q')",
        "def helper(): exec('x = 1')\ndef loss(): return helper()",
        "def loss(): return open('file').read()",
        "import importlib\ndef loss(): return importlib.import_module('keras')",
        "import sys\ndef loss(): return sys._getframe().f_globals",
        "import time\ndef loss(): return time.time()",
        "import threading\nlock = threading.Lock()\ndef loss(): return lock.locked()",
        "import numpy as np\ndef loss(): return np.load('file')",
        "from pathlib import Path\ndef loss(): return Path('file').read_text()",
        "Q = 1\ndef loss(): return loss.__globals__['Q']",
        "class Base: pass\ndef loss(): return len(Base.__subclasses__())",
        "import numpy as np\nQ = 1\none = np.frompyfunc(lambda: Q, 0, 1)\n"
        "def loss(): return one()",
        "each = (i for i in range(3))\ndef loss(): return next(each)",
    ],
)
def test_what_cannot_be_followed_is_refused(source):
    with pytest.raises((Unknown, TypeError)):
        Look().at(run(source)["loss"])


def test_random_generator_is_its_state():
    for make in (np.random.default_rng, np.random.RandomState):
        rng = make(0)
        before = described(rng.normal)
        assert described(make(0).normal) == before
        rng.normal()
        assert described(rng.normal) != before


def test_module_that_is_not_imported_yet(monkeypatch):
    loss = run("def loss():\n    import cell_late\n    return cell_late.Q")["loss"]
    before = described(loss)
    late = types.ModuleType("cell_late")
    late.Q = 1
    monkeypatch.setitem(sys.modules, "cell_late", late)
    after = described(loss)
    assert before != after
    late.Q = 2
    assert described(loss) not in (before, after)


def test_variable_that_is_not_assigned_yet():
    namespace = run("def make():\n    def loss(): return q\n    return loss\n    q = 1")
    assert described(namespace["make"]()) == described(namespace["make"]())


def test_many_calls_take_no_time():
    """A usual function: a helper, a number, functions of Keras."""
    source = (
        "from keras import ops\nQ = 0.1\n"
        "def cost(e): return ops.maximum(Q * e, (Q - 1) * e)\n"
        "def loss(y, p): return ops.mean(cost(y - p), axis=-1)"
    )
    loss = run(source)["loss"]
    described(loss)
    start = time.thread_time()
    for _ in range(100):
        described(loss)
    assert time.thread_time() - start < 0.2  # 2 ms each; it is about 0.1 ms


def test_threads_may_look_at_the_same_time():
    loss = run(CELLS["single dispatch"].format(q=1))["loss"]
    expected, found = described(loss), []
    threads = [
        threading.Thread(target=lambda: found.append(described(loss))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_what_code_reads():
    source = (
        "def loss(x):\n    import a.b as c\n    from .d import e\n"
        "    return [ops.nn.relu(x) for _ in names]"
    )
    read = what_is_read(run(source)["loss"].__code__)
    assert dict(read.from_globals) == {"ops": (("nn", "relu"),), "names": ((),)}
    assert set(read.imports) == {("a.b", 0, ()), ("d", 1, ("e",))}
