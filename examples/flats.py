"""A raw table of flats: rents and energy classes, uncertainty, calibration.

The flats are made on the spot, so that the truth is known. Their columns are as such
tables come: numbers (one with gaps), categories (40 districts, most of them rare), text
with gaps, a bool. The networks for tables take them as they are. Boosting takes them
once text is turned into categories. scikit-learn's networks need a pipeline, and for
rents more iterations than their default. All learn from the same 1000 flats.

The first table compares them on 3000 other flats. The first seconds include loading
TensorFlow. The second table sorts these flats by how much the four networks of the
regressor differ: where they do, their mean is further away from the rent that such a
flat has on average. How far single rents scatter around that average is something else,
for which networks learn quantiles; and of a flat beyond all that were seen they know
nothing. The third table shows what a temperature does: it repairs the probabilities of
networks that were trained for too long.
"""

import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skdl import TabularClassifier, TabularRegressor
from skdl.losses import Pinball

N_TRAIN, N_TEST = 1000, 3000


def flats(n, rng):
    """Columns of flats, their mean rents, rents and energy classes."""
    district = np.minimum(rng.geometric(0.08, n), 40) - 1
    heating = rng.choice(["gas", "oil", "district", "pump"], n, p=[0.5, 0.2, 0.2, 0.1])
    condition = rng.choice(["simple", "good", "renovated"], n, p=[0.3, 0.5, 0.2])
    renovated, balcony = condition == "renovated", rng.uniform(size=n) < 0.4
    area = np.exp(rng.normal(4.2, 0.4, n)).round()
    year = (1900 + 120 * rng.beta(2, 1.5, n)).round()
    distance = np.abs(rng.normal(0, 4, n)).round(1)
    floor = rng.poisson(2, n)

    age = (year - 1960) / 40  # the least wanted flats are those of 1960
    log_rent = rng.normal(0, 0.15, 40)[district] - 0.06 * distance
    log_rent += 0.12 * age**2 + 0.15 * renovated * (1 - age / 2)
    log_rent += 0.05 * balcony * np.minimum(floor, 3) - 0.04 * (heating == "oil")
    mean_rent = 9.5 * area * np.exp(log_rent) * (area / 65) ** -0.25
    rent = mean_rent * np.exp(rng.normal(0, 0.12, n) - 0.12**2 / 2)

    energy = 60 + 160 / (1 + np.exp((year - 1985) / 10))  # kWh per m² and year
    energy *= np.where(heating == "pump", 0.6, 1.0) * np.where(renovated, 0.7, 1.0)
    energy *= (area / 65) ** -0.2 * np.exp(rng.normal(0, 0.12, n))
    energy_class = np.array(["low", "middle", "high"])[np.digitize(energy, [100, 160])]

    columns = {
        "area": area,
        "year": np.where(rng.uniform(size=n) < 0.1, np.nan, year),
        "distance": distance,
        "floor": floor,
        "district": pd.Categorical([f"district {number}" for number in district]),
        "heating": pd.Series(heating).where(rng.uniform(size=n) > 0.05),
        "condition": pd.Categorical(condition),
        "balcony": balcony,
    }
    return pd.DataFrame(columns), mean_rent, rent, energy_class


def prepared(network):
    """Behind what scikit-learn's networks need: no gaps, no text, one scale."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        remainder=OneHotEncoder(handle_unknown="ignore"),
    )
    return make_pipeline(columns, network)


def text_as_categories(X):
    """For boosting."""
    return X.astype({"heating": "category"})


def with_categories(boosting):
    """Behind the one step that boosting needs."""
    return make_pipeline(FunctionTransformer(text_as_categories), boosting)


def compare(train, test):
    """Print the scores of all; return the networks for tables."""
    X, _, rent, energy = train
    X_test, _, rent_test, energy_test = test
    models = {
        "Tabular": (
            TabularRegressor(random_state=0),
            TabularClassifier(random_state=0),
        ),
        "HistGradientBoosting": (
            with_categories(HistGradientBoostingRegressor(random_state=0)),
            with_categories(HistGradientBoostingClassifier(random_state=0)),
        ),
        "MLP in a pipeline": (
            prepared(MLPRegressor(max_iter=1500, random_state=0)),
            prepared(MLPClassifier(random_state=0)),
        ),
    }
    print(f"{'':<22}{'rent':<26}energy class")
    print(f"{'':<22}{'R²':<7}{'off by':<9}{'s':<10}{'accuracy':<11}{'log loss':<11}s")
    for name, (regressor, classifier) in models.items():
        start = perf_counter()
        predicted = regressor.fit(X, rent).predict(X_test)
        s = perf_counter() - start
        off = np.abs(predicted - rent_test).mean()
        row = (
            f"{name:<22}{regressor.score(X_test, rent_test):<7.3f}{off:<9.1f}{s:<10.1f}"
        )
        start = perf_counter()
        probabilities = classifier.fit(X, energy).predict_proba(X_test)
        s = perf_counter() - start
        accuracy = classifier.score(X_test, energy_test)
        loss = log_loss(energy_test, probabilities, labels=classifier.classes_)
        print(f"{row}{accuracy:<11.3f}{loss:<11.3f}{s:.1f}")
    return models["Tabular"]


def show_uncertainty(regressor, test):
    """Print how far predictions are off, by what the networks say of it."""
    X, mean_rent, rent, _ = test
    predicted, std = regressor.predict(X, return_std=True)
    print("\nflats where the       std over      off from the   off from the")
    print("networks differ       networks      mean rent      rent")
    names = ("least", "less", "more", "most")
    for name, rows in zip(names, np.array_split(np.argsort(std), 4), strict=True):
        off = [np.abs(predicted - y)[rows].mean() for y in (mean_rent, rent)]
        print(f"{name:<22}{std[rows].mean():<14.1f}{off[0]:<15.1f}{off[1]:.1f}")
    palace = X.iloc[[0]].assign(area=1000.0)
    predicted, std = regressor.predict(palace, return_std=True)
    print(f"1000 m², never seen:  {std[0]:<14.1f}at a rent of {predicted[0]:.0f}")


def show_intervals(train, test):
    """Print how many rents lie between two predicted quantiles."""
    X, _, rent, _ = train
    X_test, _, rent_test, _ = test
    low, high = (
        TabularRegressor(loss=Pinball(quantile=quantile), random_state=0)
        .fit(X, rent)
        .predict(X_test)
        for quantile in (0.1, 0.9)
    )
    inside = np.mean((low <= rent_test) & (rent_test <= high))
    print(f"between the quantiles 0.1 and 0.9: {inside:.0%} of the rents")


def show_calibration(train, test):
    """Print probabilities with and without a temperature."""
    X, _, _, energy = train
    X_test, _, _, energy_test = test
    too_long = {
        "epochs": 200,
        "patience": 200,
        "restore_best_weights": False,
        "dropout": 0.0,
        "weight_decay": 0.0,
    }
    print("\nenergy class                    accuracy  mean confidence  log loss  T")
    for name, parameters in {"as it comes": {}, "trained too long": too_long}.items():
        for calibrate in (False, True):
            classifier = TabularClassifier(
                calibrate=calibrate, random_state=0, **parameters
            ).fit(X, energy)
            probabilities = classifier.predict_proba(X_test)
            loss = log_loss(energy_test, probabilities, labels=classifier.classes_)
            label = f"{name}, calibrated" if calibrate else name
            print(
                f"{label:<31} {classifier.score(X_test, energy_test):>9.3f}"
                f"  {probabilities.max(axis=1).mean():>15.3f}  {loss:>8.3f}"
                f"  {classifier.temperature_:.2f}"
            )


def main():
    """Make flats, fit, and print the tables."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # MLP would go on
    start = perf_counter()
    columns, *targets = flats(N_TRAIN + N_TEST, np.random.default_rng(0))
    train = [columns[:N_TRAIN], *(y[:N_TRAIN] for y in targets)]
    test = [columns[N_TRAIN:], *(y[N_TRAIN:] for y in targets)]
    print(columns.head(3).to_string(index=False), "\n")
    regressor, _ = compare(train, test)
    show_uncertainty(regressor, test)
    show_intervals(train, test)
    show_calibration(train, test)
    print(f"{perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
