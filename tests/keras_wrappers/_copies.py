"""Ways to copy an estimator."""

import copy
import pickle

import cloudpickle
import joblib


def by_joblib(estimator, path, **options):
    joblib.dump(estimator, path / "estimator.joblib")
    return joblib.load(path / "estimator.joblib", **options)


COPIES = {
    "pickle": lambda e, path: pickle.loads(pickle.dumps(e)),
    "oldest protocol": lambda e, path: pickle.loads(pickle.dumps(e, protocol=2)),
    "deepcopy": lambda e, path: copy.deepcopy(e),
    "joblib": by_joblib,
    "joblib, memory-mapped": lambda e, path: by_joblib(e, path, mmap_mode="r"),
    "cloudpickle": lambda e, path: pickle.loads(cloudpickle.dumps(e)),
}
