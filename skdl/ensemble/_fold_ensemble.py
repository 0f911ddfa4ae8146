"""Ensembles of one model for each fold."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from skdl.ensemble._answers import Numbers, answers_of_classifier
from skdl.ensemble._fold_base import FoldEnsemble, if_this_is_how_they_answer


class FoldEnsembleClassifier(ClassifierMixin, FoldEnsemble):
    """Classifiers fitted on cross-validation folds, and combined.

    For each fold a copy of `estimator` is fitted on the other folds. If it stops early
    on validation rows that ``fit`` is given, as skdl's networks and
    `HistGradientBoostingClassifier` do, it gets its fold for that, transformed by the
    earlier steps if it is the last step of a pipeline. So no row is lost to
    validation, and every row has a prediction by a model that was not trained on it
    (``oof_prediction_``).

    Parameters
    ----------
    estimator : estimator
        A classifier or a pipeline that ends in one.
    cv : int, splitter, iterable or None, default=5
        The folds: a number of stratified folds, a splitter of scikit-learn, or pairs
        of training and test rows. None means 5. More folds mean more models, and more
        rows for each of them.
    combine : {"average", "best", "refit_mean", "refit_max"}, default="average"
        What predicts new rows. "average": the mean of all fold models' probabilities
        (without `predict_proba` of their decision values, without these of their
        votes). "best": the fold model with the lowest validation loss. "refit_mean"
        and "refit_max": a new model, fitted on all rows for the mean or the maximum
        of the folds' best epochs, without early stopping; it is as quick as a single
        model. An estimator that knows no epochs is simply fitted on all rows.
    scoring : str, callable or None, default=None
        The score of a fold, greater being better. None: minus the log loss, or the
        accuracy where there are no probabilities.
    random_state : int, RandomState instance or None, default=None
        Gives every fold model seeds of its own. Models that begin at different weights
        err in different ways, and their average is better for it. None leaves the
        estimator's `random_state` as it is: an int there is the same for all folds.
    n_jobs : int or None, default=None
        How many folds are fitted at a time, in the sense of joblib. Without it small
        networks of skdl, alone or at the end of a pipeline, are trained side by side
        in one program, which changes nothing in the results.
    verbose : int, default=0
        How much joblib says of its progress.

    Attributes
    ----------
    estimators_ : list of estimator
        One fitted model for each fold, whatever `combine` is.
    estimator_ : estimator
        The single model that predicts; only with "best", "refit_mean", "refit_max".
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    oof_prediction_ : ndarray of shape (n_samples, n_classes) or (n_samples,)
        Out-of-fold predictions: for each row what models said that have not seen it;
        the mean if it is in several test folds, NaN if in none. Probabilities, or else
        decision values, or else votes.
    fold_scores_ : ndarray of shape (n_folds,)
        Score of each fold.
    fold_epochs_ : list of int or None
        Best epoch of each fold, counted from 1; None for an estimator without epochs.
    fold_rows_ : list of ndarray of int
        Test rows of each fold.
    outlier_folds_ : list of int
        Folds whose score lies far from the others, by Rosner's test at a level of
        0.01; counted from 0.
    n_features_in_ : int
        Number of features seen in `fit`, if the models know it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if the models know them.

    See Also
    --------
    BlendingClassifier : Blends several kinds of models.
    sklearn.ensemble.BaggingClassifier : Models on bootstrap samples.

    Notes
    -----
    A fold model that has not seen a class gives it the probability 0. Averages of
    several models are turned into labels by the largest mean; a single model's own
    `predict` decides. There is no `decision_function` beside `predict_proba`, because
    means of both would contradict each other for some rows.

    References
    ----------
    Krogh, A., & Vedelsby, J. (1995). Neural network ensembles, cross validation, and
    active learning. NIPS 7.

    Rosner, B. (1983). Percentage points for a generalized ESD many-outlier procedure.
    Technometrics 25.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdl import DenseClassifier
    >>> from skdl.ensemble import FoldEnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = DenseClassifier(hidden_units=(10,), random_state=0)
    >>> ensemble = FoldEnsembleClassifier(network, cv=3).fit(X, y)
    >>> len(ensemble.estimators_), len(ensemble.fold_epochs_)
    (3, 3)
    >>> ensemble.oof_prediction_.shape
    (150, 3)
    >>> ensemble.score(X, y) > 0.9
    True
    """

    @if_this_is_how_they_answer
    def predict_proba(self, X):
        """Predict probabilities.

        Only if `estimator` does.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; for an indicator matrix one for each label.
        """
        return self._answer(X)

    @if_this_is_how_they_answer
    def decision_function(self, X):
        """Predict decision values.

        Only if `estimator` does, and does not predict probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            One column for two classes, positive where the second one is predicted.
        """
        return self._answer(X)

    def _answers_for(self, y):
        return answers_of_classifier(self.estimator, y)


class FoldEnsembleRegressor(RegressorMixin, FoldEnsemble):
    """Regressors fitted on cross-validation folds, and combined.

    For each fold a copy of `estimator` is fitted on the other folds. If it stops early
    on validation rows that ``fit`` is given, as skdl's networks and
    `HistGradientBoostingRegressor` do, it gets its fold for that, transformed by the
    earlier steps if it is the last step of a pipeline. So no row is lost to
    validation, and every row has a prediction by a model that was not trained on it
    (``oof_prediction_``).

    Parameters
    ----------
    estimator : estimator
        A regressor or a pipeline that ends in one.
    cv : int, splitter, iterable or None, default=5
        The folds: a number of folds, a splitter of scikit-learn, or pairs of training
        and test rows. None means 5. A number cuts the rows in their order; for sorted
        rows pass ``KFold(5, shuffle=True)``.
    combine : {"average", "best", "refit_mean", "refit_max"}, default="average"
        What predicts new rows. "average": the mean of all fold models. "best": the
        fold model with the lowest validation loss. "refit_mean" and "refit_max": a
        new model, fitted on all rows for the mean or the maximum of the folds' best
        epochs, without early stopping; it is as quick as a single model. An estimator
        that knows no epochs is simply fitted on all rows.
    scoring : str, callable or None, default=None
        The score of a fold, greater being better. None: minus the mean squared error.
    random_state : int, RandomState instance or None, default=None
        Gives every fold model seeds of its own. Models that begin at different weights
        err in different ways, and their average is better for it. None leaves the
        estimator's `random_state` as it is: an int there is the same for all folds.
    n_jobs : int or None, default=None
        How many folds are fitted at a time, in the sense of joblib. Without it small
        networks of skdl, alone or at the end of a pipeline, are trained side by side
        in one program, which changes nothing in the results.
    verbose : int, default=0
        How much joblib says of its progress.

    Attributes
    ----------
    estimators_ : list of estimator
        One fitted model for each fold, whatever `combine` is.
    estimator_ : estimator
        The single model that predicts; only with "best", "refit_mean", "refit_max".
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Out-of-fold predictions: for each row what models said that have not seen it;
        the mean if it is in several test folds, NaN if in none.
    fold_scores_ : ndarray of shape (n_folds,)
        Score of each fold.
    fold_epochs_ : list of int or None
        Best epoch of each fold, counted from 1; None for an estimator without epochs.
    fold_rows_ : list of ndarray of int
        Test rows of each fold.
    outlier_folds_ : list of int
        Folds whose score lies far from the others, by Rosner's test at a level of
        0.01; counted from 0.
    n_features_in_ : int
        Number of features seen in `fit`, if the models know it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if the models know them.

    See Also
    --------
    BlendingRegressor : Blends several kinds of models.
    sklearn.ensemble.BaggingRegressor : Models on bootstrap samples.

    References
    ----------
    Krogh, A., & Vedelsby, J. (1995). Neural network ensembles, cross validation, and
    active learning. NIPS 7.

    Rosner, B. (1983). Percentage points for a generalized ESD many-outlier procedure.
    Technometrics 25.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl import DenseRegressor
    >>> from skdl.ensemble import FoldEnsembleRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = DenseRegressor(hidden_units=(10,), epochs=40, random_state=0)
    >>> ensemble = FoldEnsembleRegressor(network, cv=3, random_state=0).fit(X, y)
    >>> ensemble.oof_prediction_.shape
    (442,)
    >>> ensemble.score(X, y) > 0.4
    True
    """

    def _answers_for(self, y):
        return Numbers(), np.asarray(y)
