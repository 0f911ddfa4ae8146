"""A table with columns of every kind, made on the spot."""

import numpy as np
import pandas as pd

NUMBERS = ["age", "size", "rooms"]
CATEGORIES = ["city", "colour", "kind", "smoker", "member"]
CITIES = np.array([f"city {i:02}" for i in range(20)], dtype=object)


def mixed_table(n_rows=300, seed=0):
    """Rows with gaps, and a number to predict to which all kinds of columns add.

    Parameters
    ----------
    n_rows : int, default=300
        How many.
    seed : int, default=0
        Of all that is random.

    Returns
    -------
    X : DataFrame
        Columns of float64, float32, nullable integers, objects (20 cities and None),
        categories, text, booleans, nullable booleans.
    y : ndarray of shape (n_rows,)
        Half of its variance is due to categories, a tenth is noise.
    """
    rng = np.random.default_rng(seed)
    city, colour = rng.integers(20, size=n_rows), rng.integers(3, size=n_rows)
    age, size = rng.normal(40, 10, n_rows), rng.lognormal(size=n_rows)
    rooms, smoker = rng.integers(1, 6, n_rows), rng.random(n_rows) < 0.4
    y = np.linspace(-2, 2, 20)[city] + np.array([1.0, 0.0, -1.0])[colour]
    y += np.sin(age / 6) + 0.5 * np.log(size) + 0.3 * rooms - smoker
    y += rng.normal(0, 0.5, n_rows)
    X = pd.DataFrame(
        {
            "age": age,
            "size": size.astype(np.float32),
            "rooms": pd.array(rooms, dtype="Int64"),
            "city": pd.Series(CITIES[city], dtype=object),
            "colour": pd.Categorical.from_codes(colour, ["red", "green", "blue"]),
            "kind": pd.array(rng.choice(["a", "b"], n_rows), dtype="string"),
            "smoker": smoker,
            "member": pd.array(rng.random(n_rows) < 0.5, dtype="boolean"),
        }
    )
    for name in ["age", "rooms", "city", "colour", "kind", "member"]:
        X.loc[rng.random(n_rows) < 0.05, name] = None
    return X, y
