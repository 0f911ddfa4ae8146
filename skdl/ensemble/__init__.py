"""Networks and other estimators, combined: folds averaged, models blended."""
