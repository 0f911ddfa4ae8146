"""Keras saves the networks and loads them without skdl, in another process."""

import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl.networks import cnn_network, lstm_network, resnet_network

IMAGES = np.random.default_rng(0).normal(size=(3, 7, 6, 2))
SEQUENCES = np.random.default_rng(0).normal(size=(5, 7, 2))
SEQUENCES[1, 1:] = SEQUENCES[2, 4:] = np.nan  # padding

lstm = partial(lstm_network, (None, 2), 3, padded=True, dropout=0.2, dtype="float64")
resnet = partial(
    resnet_network, (7, 6, 2), 2, depth=8, stochastic_depth=0.3, dropout=0.1, l2=0.25
)
# name -> a function that makes it, and its input
NETWORKS = {
    "cnn": (
        partial(
            cnn_network,
            (7, 6, 2),
            2,
            filters=((3, 4), 5),
            hidden_units=(4,),
            activation="prelu",
            batch_norm=True,
            dropout=0.2,
            l2=0.25,
            activity_l1=0.5,
            dtype="float64",
        ),
        IMAGES,
    ),
    "resnet 1": (partial(resnet, version=1), IMAGES.astype("float32")),
    "resnet 2": (
        partial(resnet, version=2, shortcut="projection"),
        IMAGES.astype("float32"),
    ),
    "lstm, a pooled vector": (
        partial(
            lstm,
            conv_filters=(4,),
            kernel_size=3,
            pool_size=3,
            units=(3, 2),
            bidirectional=True,
            pooling="attention",
            hidden_units=(4,),
        ),
        SEQUENCES,
    ),
    "lstm, steps": (
        partial(
            lstm,
            return_sequences=True,
            bidirectional=True,
            units=(3, 2),
            hidden_units=(4,),
            conv_filters=(3,),
            kernel_size=3,
        ),
        SEQUENCES,
    ),
}


def randomised(network):
    """Give every variable a random value: zeros and ones would hide mistakes."""
    rng = np.random.default_rng(1)
    for variable in network.variables:
        if variable.dtype.startswith("float"):
            variable.assign(rng.uniform(0.5, 2, variable.shape))
        if variable.name == "kernel":  # both signs, so that no unit is always silent
            variable.assign(rng.normal(size=variable.shape))
    return network


READ_WITHOUT_SKDL = """
import pathlib, sys, numpy, keras
for folder in pathlib.Path(sys.argv[1]).iterdir():
    network = keras.saving.load_model(folder / "network.keras")
    outputs = network(numpy.load(folder / "inputs.npy"))
    numpy.save(folder / "outputs.npy", keras.ops.convert_to_numpy(outputs))
assert "skdl" not in sys.modules
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder for each network, with what another process says of it."""
    path = tmp_path_factory.mktemp("networks")
    for name, (make, inputs) in NETWORKS.items():
        keras.utils.set_random_seed(0)
        (path / name).mkdir()
        randomised(make()).save(path / name / "network.keras")
        np.save(path / name / "inputs.npy", inputs)
    command = [sys.executable, "-c", READ_WITHOUT_SKDL, path]
    run = subprocess.run(command, cwd=path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return path


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize("name", NETWORKS)
def test_keras_saves_it_and_loads_it_without_skdl(name, saved):
    make, inputs = NETWORKS[name]
    network = randomised(make())
    outputs = np.asarray(network(inputs))
    assert np.isfinite(outputs).all()
    assert_array_equal(np.load(saved / name / "outputs.npy"), outputs)
    if name.startswith("resnet"):
        loaded = keras.saving.load_model(saved / name / "network.keras")
        assert loaded.to_json() == network.to_json()
