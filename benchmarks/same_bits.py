"""Whether a change of the engine leaves every result as it was, to the bit.

Before the change ``python -m benchmarks.same_bits --write FILE`` notes the sha256 of
what each estimator of the tests' common table predicts, of its history, of further
ways to train, and the figures which the examples print. After it
``python -m benchmarks.same_bits --compare FILE`` says what differs.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from benchmarks._options import add_parts
from benchmarks._processes import QUIET, ROOT, start_python
from skdl import (
    CNNClassifier,
    CNNRegressor,
    DenseClassifier,
    DenseRegressor,
    KerasClassifier,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    TabularClassifier,
)
from skdl.ensemble import FoldEnsembleClassifier
from tests.instances import INSTANCES

SECONDS = re.compile(r"\d+(\.\d+)?(?= s(econds)?\b)")


# -- the common table ------------------------------------------------------------------


def table_of(estimator):
    """The data on which the tests fit an estimator of the common table."""
    if is_classifier(estimator):
        return load_iris(return_X_y=True)
    X, y = load_diabetes(return_X_y=True)
    return X[:150], y[:150]


def instance(name):
    """An estimator of the common table after ``fit``."""
    estimator = INSTANCES[name](random_state=0)
    X, y = table_of(estimator)
    return estimator.fit(X, y), X


# -- further ways to train -------------------------------------------------------------

DIGITS = load_digits(return_X_y=True)
IMAGES = DIGITS[0][:300].reshape(-1, 8, 8, 1), DIGITS[1][:300]


def in_parts(name):
    """Several calls of ``partial_fit``."""
    estimator = INSTANCES[name](random_state=0)
    X, y = table_of(estimator)
    classes = {"classes": np.unique(y)} if is_classifier(estimator) else {}
    for part in np.random.default_rng(0).permutation(len(y)).reshape(3, -1):
        estimator.partial_fit(X[part], y[part], **classes)
    return estimator, X


def warm():
    """A fit that goes on from another one, with weights and validation rows."""
    X, y = load_iris(return_X_y=True)
    estimator = DenseClassifier(
        epochs=8, warm_start=True, class_weight="balanced", random_state=0
    )
    weight = np.linspace(0.5, 1.5, len(y))
    for _ in range(2):
        estimator.fit(X, y, weight, X_val=X[::5], y_val=y[::5])
    return estimator, X


def of_sparse_rows():
    """Rows that come through a stream."""
    X, y = load_digits(return_X_y=True)
    wide = sp.hstack([sp.csr_matrix(X)] + [sp.csr_matrix((len(y), 10_000))] * 4).tocsr()
    return DenseClassifier(epochs=2, random_state=0).fit(wide, y), wide


def of_files(folder):
    """Files of images, augmented."""
    from PIL import Image

    X, y = IMAGES
    paths = []
    for k, image in enumerate(X[..., 0]):
        paths.append(str(Path(folder) / f"{k}.png"))
        Image.fromarray((image * 15).astype(np.uint8)).save(paths[-1])
    classifier = CNNClassifier(
        image_size=(8, 8),
        augment=("flip", "crop", "mixup", "cutmix"),
        epochs=3,
        random_state=0,
    )
    return classifier.fit(np.array(paths), y), np.array(paths)


def augmented(*operations):
    """Arrays of images, augmented."""
    X, y = IMAGES
    classifier = CNNClassifier(
        augment=operations, epochs=4, early_stopping=True, random_state=0
    )
    return classifier.fit(X, y), X


def mixed_numbers():
    """Numbers as targets of mixed images."""
    X, y = IMAGES
    regressor = CNNRegressor(augment=("mixup", "rotate"), epochs=3, random_state=0)
    return regressor.fit(X, y), X


def of_steps():
    """Targets of every step, of sequences of unequal length."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 9, 2))
    X[::3, 6:] = np.nan
    y = np.nancumsum(X[..., :1], axis=1)
    y[::3, 6:] = np.nan
    regressor = LSTMRegressor(units=8, epochs=5, return_sequences=True, random_state=0)
    return regressor.fit(X, y), X


def optimized(name, optimizer, **parameters):
    """Optimizers which take other ways through the engine."""
    import keras

    made = keras.optimizers.get(optimizer)
    estimator = INSTANCES[name](optimizer=made, epochs=5, random_state=0, **parameters)
    X, y = table_of(estimator)
    return estimator.fit(X, y), X


def many_outputs():
    """Two numbers for each row, and members that stop at epochs of their own."""
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, X[:, 2]])
    estimator = DenseRegressor(epochs=6, early_stopping=True, random_state=0)
    return estimator.fit(X, y), X


def ensemble():
    """Folds that are trained as members of one program."""
    X, y = load_digits(return_X_y=True)
    network = DenseClassifier(epochs=10, random_state=0)
    return FoldEnsembleClassifier(network, random_state=0).fit(X, y), X


def text():
    """Labels as text behind a transformer."""
    X, y = load_iris(return_X_y=True)
    labels = np.array(["one", "two", "three"])[y]
    pipe = make_pipeline(
        FunctionTransformer(np.log1p), TabularClassifier(epochs=5, random_state=0)
    )
    return pipe.fit(X, labels), X


def keras_network(meta):
    """A compiled network for `KerasClassifier`."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)],
    )
    return model


def compiled(**parameters):
    """A user's compiled model."""
    X, y = load_iris(return_X_y=True)
    wrapper = KerasClassifier(
        keras_network, epochs=5, validation_split=0.2, random_state=0, **parameters
    )
    order = np.random.default_rng(0).permutation(len(y))
    return wrapper.fit(X[order], y[order]), X


def forecaster():
    """A forecaster of a series with a season."""
    t = np.arange(200)
    y = 10 + np.sin(t / 6) + np.random.default_rng(0).normal(size=200) / 5
    return LSTMForecaster(horizon=12, epochs=5, random_state=0).fit(y), 12


WAYS = {
    "partial_fit": partial(in_parts, "DenseClassifier"),
    "partial_fit of numbers": partial(in_parts, "DenseRegressor-noisy"),
    "partial_fit of images": partial(in_parts, "CNNClassifier-plain"),
    "warm start, weights, validation rows": warm,
    "sparse rows in a stream": of_sparse_rows,
    "augmented: flip, rotate": partial(augmented, "flip", "rotate"),
    "augmented: mixup": partial(augmented, "mixup"),
    "augmented: cutmix, mixup": partial(augmented, "cutmix", "mixup", "color"),
    "augmented: randaugment": partial(augmented, "randaugment"),
    "augmented numbers": mixed_numbers,
    "targets of steps": of_steps,
    "global norm": partial(
        optimized,
        "DenseClassifier",
        {"class_name": "Adam", "config": {"global_clipnorm": 1.0}},
    ),
    "norm of each variable": partial(
        optimized,
        "DenseClassifier-noisy",
        {"class_name": "SGD", "config": {"clipnorm": 0.5, "momentum": 0.9}},
    ),
    "moving average": partial(
        optimized,
        "DenseRegressor",
        {"class_name": "Adam", "config": {"use_ema": True}},
    ),
    "Adafactor": partial(optimized, "TabularClassifier", "adafactor"),
    "wide network": partial(
        optimized, "DenseClassifier", "adam", hidden_units=(256, 128)
    ),
    "penalties, validation rows": partial(
        optimized, "DenseClassifier-noisy", "adam", l2=0.01, activity_l2=1e-3
    ),
    "two numbers": many_outputs,
    "folds together": ensemble,
    "labels as text": text,
    "compiled": compiled,
    "compiled, plain steps": partial(compiled, optimizer="sgd", batch_size=16),
    "LSTM of text": lambda: _fitted(
        LSTMClassifier(units=8, epochs=4, random_state=0),
        DIGITS[0][:200].reshape(-1, 8, 8),
        DIGITS[1][:200],
    ),
    "forecaster": forecaster,
}


def _fitted(estimator, X, y):
    return estimator.fit(X, y), X


# -- records ---------------------------------------------------------------------------


def _flat(answers):
    """A list of arrays, as sequences of unequal length have, or one array."""
    return answers if isinstance(answers, list) else [answers]


def sha256(*arrays):
    """Of the bytes of arrays, with their shapes and dtypes."""
    digest = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def record_of(make):
    """What one fit has led to."""
    estimator, X = make()
    record = {"predict": sha256(*_flat(estimator.predict(X)))}
    if hasattr(estimator, "predict_proba"):
        record["predict_proba"] = sha256(estimator.predict_proba(X))
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    for name, values in getattr(last, "history_", {}).items():
        record[f"history_: {name}"] = sha256(np.asarray(values, dtype=float))
    return record


def printed_by(example):
    """The lines of an example, without the seconds that it took."""
    process = start_python(str(example), environment={"PYTHONPATH": str(ROOT), **QUIET})
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{example} failed")
    lines, columns = [], []
    for line in output.splitlines():
        words = [*re.finditer(r"\S+", line)]
        if not words:
            columns = []
        elif not re.search(r"\d", line):  # a header, or none
            columns = [w.span() for w in words if w[0] in ("s", "seconds")]
        elif "seconds of" in line:
            words = [word for word in words if not re.fullmatch(r"[\d.]+", word[0])]
        kept = [word[0] for word in words if not _is_in(word.span(), columns)]
        lines.append(SECONDS.sub("...", " ".join(kept)))
    return lines


def _is_in(span, columns):
    """Whether a word stands under one of the headings."""
    return any(span[0] < end and start < span[1] for start, end in columns)


def instances_record():
    """Of every estimator in the common table."""
    return {name: partial(record_of, partial(instance, name)) for name in INSTANCES}


def ways_record():
    """Of further ways to train."""

    def files():
        with tempfile.TemporaryDirectory() as folder:
            return record_of(partial(of_files, folder))

    made = {name: partial(record_of, make) for name, make in WAYS.items()}
    return {**made, "files of images": files}


def examples_record():
    """Of what the examples print."""
    paths = sorted((ROOT / "examples").glob("*.py"))
    return {path.name: partial(printed_by, path) for path in paths}


RECORDS = {
    "instances": instances_record,
    "ways": ways_record,
    "examples": examples_record,
}


def differences(before, now):
    """Sentences about what is not as it was."""
    for part, records in now.items():
        for name, record in records.items():
            was = before.get(part, {}).get(name)
            if was is None:
                yield f"{part}: {name} is not in the record"
            elif isinstance(record, list):
                yield from (
                    f"{part}: {name} printed {a!r}, and now {b!r}"
                    for a, b in zip(was, record, strict=False)
                    if a != b
                )
                if len(was) != len(record):
                    yield f"{part}: {name} prints {len(record)} lines, not {len(was)}"
            else:
                for key in {**was, **record}:
                    if was.get(key) != record.get(key):
                        yield f"{part}: {name} has another {key}"


def main():
    """Make the record, then write or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_parts(parser, RECORDS)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    now = {}
    for part in options.parts:
        now[part] = {}
        for name, make in RECORDS[part]().items():
            print(f"{part}: {name}", file=sys.stderr)
            now[part][name] = make()
    if options.write:
        options.write.write_text(json.dumps(now, indent=1))
    if options.compare:
        found = [*differences(json.loads(options.compare.read_text()), now)]
        print("\n".join(found) or "all the same")
        n_figures = sum(len(r) for part in now.values() for r in part.values())
        print(f"{n_figures} figures compared, {len(found)} differ")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
