"""Any layer of Keras in a search: how many, of which kind, how large.

`network` is a function as users of SciKeras have it: some arguments, and a Keras
network. `KerasClassifier` makes parameters of the arguments, and `BayesSearchCV` tunes
what stands in which place.

The data are scikit-learn's digits, 8 x 8 pixels, each put somewhere in a picture of
12 x 12. A plain network takes a picture as a row of 144 numbers, and has to learn every
digit anew in every place. The search may also begin with the rows or the columns of the
picture (`Reshape`, `Permute`), or with all windows of some size (`Reshape`, `Lambda`),
for each of which a `Dense` layer has the same weights. In one or two places then stands
- "dense", a `Dense` layer,
- "across", a `Dense` layer between two `Permute`: over all windows, for each unit, or
- "flat", a `Dense` layer behind a `Flatten`: over all units of all windows;
each with a size of its own, and followed by `ActivityRegularization` and `Dropout`. At
the end the windows are laid side by side (`Flatten`), or of each unit its highest value
is taken, wherever that was (`Lambda`).

The search sees the training rows only. On test rows, the best network stands beside the
plain one, and beside the best plain one of a search as long as the other. Takes about a
minute.
"""

from functools import partial
from time import perf_counter

import keras
import numpy as np
from keras import layers, ops
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

from skdl import KerasClassifier
from skdl.model_selection import BayesSearchCV

DIGIT, SIDE = 8, 12
PLACES = (1, 2)


def moved_digits(seed=0):
    """Digits in larger pictures, each somewhere else; rows of 144 numbers."""
    rng = np.random.default_rng(seed)
    digits = load_digits()
    pictures = np.zeros((len(digits.images), SIDE, SIDE))
    corners = rng.integers(SIDE - DIGIT + 1, size=(len(pictures), 2))
    for picture, (top, left), image in zip(
        pictures, corners, digits.images, strict=True
    ):
        picture[top : top + DIGIT, left : left + DIGIT] = image / 16
    return pictures.reshape(len(pictures), -1), digits.target


def highest(values):
    """Of each unit the highest value in any window."""
    return ops.max(values, axis=1)


def network(
    meta,
    front="row of pixels",
    window=4,
    n_layers=1,
    kind_1="dense",
    kind_2="dense",
    size_1=100,
    size_2=100,
    end="side by side",
    activity_l2=0.0,
    dropout=0.0,
):
    """Build the network that the arguments describe; it need not be compiled."""
    model = keras.Sequential([keras.Input((SIDE * SIDE,))])
    if front == "windows":
        model.add(layers.Reshape((SIDE, SIDE, 1)))
        model.add(
            layers.Lambda(partial(ops.image.extract_patches, size=window, strides=1))
        )
        model.add(layers.Reshape((-1, window * window)))
    elif front in ("rows", "columns"):
        model.add(layers.Reshape((SIDE, SIDE)))
        if front == "columns":
            model.add(layers.Permute((2, 1)))

    kinds, sizes = (kind_1, kind_2), (size_1, size_2)
    for kind, size in zip(kinds[:n_layers], sizes, strict=False):
        across = kind == "across" and len(model.output_shape) == 3
        if kind == "flat":
            model.add(layers.Flatten())
        if across:
            model.add(layers.Permute((2, 1)))
        model.add(layers.Dense(size, activation="relu"))
        if across:
            model.add(layers.Permute((2, 1)))
        model.add(layers.ActivityRegularization(l2=activity_l2))
        model.add(layers.Dropout(dropout))

    if end == "highest" and len(model.output_shape) == 3:
        model.add(layers.Lambda(highest))
    model.add(layers.Flatten())
    model.add(layers.Dense(meta["n_classes_"], activation="softmax"))
    return model


plain = KerasClassifier(
    network,
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    epochs=20,
    batch_size=32,
    random_state=0,
)
folds = StratifiedKFold(3, shuffle=True, random_state=0)
plain_space = {
    "model__size_1": (8, 256, "log-uniform"),
    "model__activity_l2": (1e-6, 1e-2, "log-uniform"),
    "model__dropout": (0.0, 0.5),
    "optimizer__learning_rate": (1e-3, 3e-2, "log-uniform"),
}
space = {
    **plain_space,
    "model__front": ["row of pixels", "rows", "columns", "windows"],
    "model__window": (3, 8),
    "model__n_layers": (min(PLACES), max(PLACES)),
    **{f"model__kind_{place}": ["dense", "across", "flat"] for place in PLACES},
    **{f"model__size_{place}": (8, 64, "log-uniform") for place in PLACES},
    "model__end": ["side by side", "highest"],
}


def searched(space, X, y):
    """The best network of a search."""
    start = perf_counter()
    search = BayesSearchCV(
        plain,
        space,
        init_points=10,
        n_iter=14,
        scoring="neg_log_loss",
        cv=folds,
        random_state=0,
    ).fit(X, y)
    trials = search.convergence()
    print(
        f"{len(space)} parameters: {trials['n_fits'].sum()} fits of {len(trials)} "
        f"networks in {perf_counter() - start:.0f} s"
    )
    return search.best_estimator_


def timed_fit(estimator, X, y):
    """Seconds of a fit of a clone."""
    start = perf_counter()
    clone(estimator).fit(X, y)
    return perf_counter() - start


def show(estimator):
    """Print the layers of a network and how it was trained."""
    for layer in estimator.model_.layers:
        shape = " x ".join(map(str, layer.output.shape[1:]))
        print(f"  {type(layer).__name__:<24} {shape}")
    for name in ("model__activity_l2", "model__dropout", "optimizer__learning_rate"):
        print(f"  {name:<24} {estimator.get_params()[name]:.2g}")


def main():
    """Search, then compare on the test rows."""
    X, y = moved_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=600, stratify=y, random_state=0
    )
    one_layer = searched(plain_space, X_train, y_train)
    any_layers = searched(space, X_train, y_train)
    print("\nthe best network")
    show(any_layers)

    # The first fit of a network traces it, and the others take that over.
    new = clone(plain).set_params(model__size_1=77)
    seconds = [timed_fit(new, X_train, y_train) for _ in range(4)]
    print("\na new plain network, seconds of fits:", *(f"{s:.2f}" for s in seconds))

    print("\ntest rows              log loss  accuracy  weights")
    for name, model in {
        "plain": plain.fit(X_train, y_train),
        "plain, searched": one_layer,
        "any layers, searched": any_layers,
    }.items():
        loss = log_loss(y_test, model.predict_proba(X_test))
        accuracy = accuracy_score(y_test, model.predict(X_test))
        n_weights = model.model_.count_params()
        print(f"{name:<20}  {loss:>9.4f}  {accuracy:>8.3f}  {n_weights:>7}")


if __name__ == "__main__":
    main()
