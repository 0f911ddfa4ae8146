"""Any layer of Keras in a search: how many, of which kind, how large.

`network` is a function as users of SciKeras have it: a few arguments, and a Keras
network. `KerasClassifier` makes its arguments parameters, and so `BayesSearchCV` tunes
what stands in which place.

The data are scikit-learn's digits, 8 x 8 pixels in a row of 64 numbers. A plain network
takes them as such a row. The search may also fold it into a grid (`Reshape`), turned
round (`Permute`) or not: then a `Dense` layer has the same weights for every row of the
picture, or for every column. In each of one to three places stands
- "dense", a `Dense` layer over the last axis,
- "across", the same over the other axis, between two `Permute` (rows and columns in
  turns are what an MLP-Mixer consists of), or
- "centred", a `Lambda` that takes the mean off, and then a `Dense` layer;
each with a number of units of its own, and all of them followed by
`ActivityRegularization` and `Dropout`.

The search sees the training rows only. The best network stands beside the plain one on
test rows that neither has seen. Takes about a minute.
"""

from time import perf_counter

import keras
from keras import layers, ops
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split

from skdl import KerasClassifier
from skdl.model_selection import BayesSearchCV

SIDE, PLACES = 8, 3


def scaled(pixels):
    """From 0..16 to 0..1."""
    return pixels / 16


def without_mean(values):
    """Every row of a grid, or the whole of a vector, around zero."""
    return values - ops.mean(values, axis=-1, keepdims=True)


def network(
    meta,
    front="flat",
    n_layers=1,
    kind_1="dense",
    kind_2="dense",
    kind_3="dense",
    size_1=100,
    size_2=100,
    size_3=100,
    activity_l2=0.0,
    dropout=0.0,
):
    """Build the network that the arguments describe; it need not be compiled."""
    kinds, sizes = (kind_1, kind_2, kind_3), (size_1, size_2, size_3)
    model = keras.Sequential([keras.Input((SIDE * SIDE,)), layers.Lambda(scaled)])
    if front != "flat":
        model.add(layers.Reshape((SIDE, SIDE)))
    if front == "columns":
        model.add(layers.Permute((2, 1)))
    for kind, size in zip(kinds[:n_layers], sizes, strict=False):
        turned = kind == "across" and front != "flat"
        if turned:
            model.add(layers.Permute((2, 1)))
        if kind == "centred":
            model.add(layers.Lambda(without_mean))
        model.add(layers.Dense(size, activation="relu"))
        if turned:
            model.add(layers.Permute((2, 1)))
        model.add(layers.ActivityRegularization(l2=activity_l2))
        model.add(layers.Dropout(dropout))
    model.add(layers.Flatten())
    model.add(layers.Dense(meta["n_classes_"], activation="softmax"))
    return model


plain = KerasClassifier(
    network,
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    epochs=30,
    batch_size=32,
    random_state=0,
)
folds = StratifiedKFold(3, shuffle=True, random_state=0)
search = BayesSearchCV(
    plain,
    {
        "model__front": ["flat", "rows", "columns"],
        "model__n_layers": (1, PLACES),
        **{
            f"model__kind_{place}": ["dense", "across", "centred"]
            for place in range(1, PLACES + 1)
        },
        **{
            f"model__size_{place}": (8, 128, "log-uniform")
            for place in range(1, PLACES + 1)
        },
        "model__activity_l2": (1e-6, 1e-2, "log-uniform"),
        "model__dropout": (0.0, 0.5),
        "optimizer__learning_rate": (1e-4, 3e-2, "log-uniform"),
    },
    init_points=12,
    n_iter=18,
    scoring="neg_log_loss",
    cv=folds,
    random_state=0,
)


def main():
    """Search, then compare on the test rows."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=600, stratify=y, random_state=0
    )
    start = perf_counter()
    search.fit(X_train, y_train)
    print(f"{search.convergence()['n_fits'].sum()} fits", end=" ")
    print(f"in {perf_counter() - start:.0f} s; the best network:\n")
    for layer in search.best_estimator_.model_.layers:
        print(f"  {layer.name.rstrip('_0123456789'):<24} {layer.output.shape[1:]}")
    print("\n  trained with")
    for name in ("model__activity_l2", "model__dropout", "optimizer__learning_rate"):
        print(f"  {name:<24} {search.best_params_[name]:.2g}")

    # A network is traced in its first fit, and the other folds take it over.
    other = clone(search.best_estimator_).set_params(model__size_1=33)
    seconds = cross_validate(other, X_train, y_train, cv=folds)["fit_time"]
    print("\nanother network, seconds of its folds:", *(f"{s:.2f}" for s in seconds))

    print(f"\n{'test rows':<24} log loss  accuracy  weights")
    plain.fit(X_train, y_train)
    for name, model in {"plain": plain, "best": search.best_estimator_}.items():
        loss = log_loss(y_test, model.predict_proba(X_test))
        accuracy = accuracy_score(y_test, model.predict(X_test))
        size = model.model_.count_params()
        print(f"{name:<24} {loss:>8.4f}  {accuracy:>8.3f}  {size:>7}")


if __name__ == "__main__":
    main()
