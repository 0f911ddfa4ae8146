"""The process in which one figure about wrappers of Keras networks is measured.

Started as ``python -m benchmarks._keras_wrappers_worker TASK WAY NUMBER``. It answers
with one line of JSON.
"""

from dataclasses import replace
from statistics import median

from benchmarks import _worker
from benchmarks._libraries import LIBRARIES, Library, keras_network
from benchmarks._processes import print_figures


def skdl_wrapper(epochs):
    """Make skdl's wrapper of the network."""
    from skdl import KerasClassifier

    return KerasClassifier(
        model=keras_network, epochs=epochs, batch_size=32, random_state=0
    )


WAYS = {
    "wrapper": Library(
        "skdl.KerasClassifier",
        skdl_wrapper,
        LIBRARIES["skdl"].modules,
        "from skdl import KerasClassifier; KerasClassifier()",
        lambda fitted: fitted.current_epoch,
    ),
    "scikeras": LIBRARIES["scikeras"],
    "dense": replace(LIBRARIES["skdl"], title="skdl.DenseClassifier"),
    "mlp": LIBRARIES["sklearn"],
}


def loaded(way):
    """Import what a way needs, so that imports are on nobody's clock."""
    library = WAYS[way]
    library.load()
    library.make(1)
    return library


def folds(way, runs):
    """Cross-validate again and again."""
    library = loaded(way)
    measures = [_worker.cross_validation(library) for _ in range(int(runs))]
    # the first figure is the seconds, under the name of the run
    first, *later = (next(iter(figures.values())) for figures in measures)
    return {
        "first": first,
        "later": median(later),
        "accuracy": median(figures["accuracy"] for figures in measures),
        "epochs": median(figures["epochs"] for figures in measures),
    }


def predict(way, turns):
    """Predict one row and 10,000, in turns."""
    library = loaded(way)
    measures = [_worker.prediction(library) for _ in range(int(turns))]
    return {key: median(figures[key] for figures in measures) for key in measures[0]}


def growth(way, fits):
    """Fit again and again."""
    grown = _worker.memory_growth(loaded(way), int(fits))["growth"]
    return {"growth": grown, "fits": int(fits)}


TASKS = {task.__name__: task for task in (folds, predict, growth)}


if __name__ == "__main__":
    print_figures(TASKS)
