"""The classic search over a pyramid of layers: its recipe in one dictionary.

The share of units in the first layer and the factor from each layer to the next decide
width and depth together, so a whole architecture is two numbers, and with dropout and
the learning rate four. The best network stands beside the default one, on test rows
which neither has seen: thousands of them, from a generated table, so that chance does
not decide between the two. Takes about a minute.
"""

from time import perf_counter

from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

from skdl import DenseClassifier, Pyramid
from skdl.model_selection import BayesSearchCV

# No scaler: the network standardises its input itself, on each training fold alone.
network = DenseClassifier(
    hidden_units=Pyramid(max_units=300, max_layers=4),
    epochs=20,
    random_state=0,
)
search = BayesSearchCV(
    network,
    {
        "dropout": (0, 0.499),
        "learning_rate": (1e-4, 0.1, "log-uniform"),
        "hidden_units__neuron_pct": (0.01, 0.9),
        "hidden_units__neuron_shrink": (0.1, 1.0),
    },
    init_points=10,
    n_iter=20,
    scoring="neg_log_loss",
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    random_state=0,
    # journal="search.jsonl" would keep every trial, and a search that was cut off
    # would go on from there.
)


def show_convergence(trials):
    """Print the trials which were better than all before them."""
    print("\ntrial  log loss in cross-validation   seconds")
    before = float("-inf")
    for number, trial in trials.iterrows():
        if trial.best_score > before:
            before = trial.best_score
            print(f"{number + 1:>5}  {-before:>28.4f}  {trial.elapsed:>8.1f}")


def main():
    """Search, then compare on the test rows."""
    X, y = make_classification(
        6000, 30, n_informative=12, n_classes=5, flip_y=0.02, random_state=0
    )
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=1500, stratify=y, random_state=0
    )
    start = perf_counter()
    search.fit(X_train, y_train)
    trials = search.convergence()
    print(f"{len(trials)} trials in {perf_counter() - start:.0f} s; the best one:")
    for name, value in search.best_params_.items():
        print(f"  {name:<28} {value:.4g}")
    layers = search.best_estimator_.hidden_units.layers()
    print(f"  {'hence layers of':<28} {', '.join(map(str, layers))} units")
    show_convergence(trials)

    models = {
        "default": DenseClassifier(random_state=0),
        "default, 20 epochs": DenseClassifier(epochs=20, random_state=0),
    }
    for model in models.values():
        model.fit(X_train, y_train)
    print("\ntest rows               log loss  accuracy")
    for name, model in {**models, "best of the search": search}.items():
        loss = log_loss(y_test, model.predict_proba(X_test))
        accuracy = accuracy_score(y_test, model.predict(X_test))
        print(f"{name:<20}  {loss:>9.4f}  {accuracy:>8.3f}")


if __name__ == "__main__":
    main()
