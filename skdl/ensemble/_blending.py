"""Blends of several kinds of models."""

import numpy as np
from sklearn import get_config
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils.metaestimators import available_if

from skdl.ensemble._answers import Classes, Numbers, answers_of_classifier
from skdl.ensemble._blend_base import Blending
from skdl.ensemble._fold_ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor


def _asking_for_weights(model):
    """A default final estimator gets row weights, whether they are routed or not."""
    if get_config()["enable_metadata_routing"]:
        model.set_fit_request(sample_weight=True)
    return model


def _if_final_estimator_has(method):
    return available_if(lambda self: hasattr(self._final(), method.__name__))(method)


class BlendingClassifier(ClassifierMixin, Blending):
    """Classifiers of several kinds, blended by another one.

    A model of each kind is fitted for each fold, as in `FoldEnsembleClassifier`, and
    the final estimator learns from the out-of-fold predictions. To predict, the fold
    models of each kind are averaged, and the final estimator blends the averages. In
    contrast to `StackingClassifier`, which fits every base estimator once more on all
    rows, no fit is done twice, and models that stop early have their fold for that.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Base classifiers by name: networks, forests, pipelines, anything with
        scikit-learn's methods. A `FoldEnsembleClassifier` keeps its own settings, and
        if it is fitted on the same rows, weights and settings, it is used as it is.
        "drop" in place of an estimator leaves it out.
    final_estimator : estimator or None, default=None
        The classifier that blends. None: a logistic regression, one for each label of
        an indicator matrix.
    cv : int, splitter, iterable or None, default=5
        The folds, the same for all base estimators. None means 5.
    refit : bool, default=False
        Whether the base models that predict are fitted on all rows, for the mean of
        their folds' best epochs, in place of the averages of fold models.
    passthrough : bool, default=False
        Whether the final estimator gets the columns of X beside the predictions.
    random_state : int, RandomState instance or None, default=None
        Gives every fold model seeds of its own, so that they err in different ways.
        None leaves the base estimators' `random_state` as it is. Fold ensembles and
        the final estimator have their own.
    n_jobs : int or None, default=None
        How many fits of base estimators are done at a time, in the sense of joblib.
    verbose : int, default=0
        How much joblib says of its progress.

    Attributes
    ----------
    estimators_ : list of FoldEnsembleClassifier
        The fitted fold ensemble of each base estimator that is not dropped.
    named_estimators_ : Bunch
        The same by name.
    named_estimators : Bunch
        The base estimators by name, as they were given.
    final_estimator_ : estimator
        The fitted final estimator.
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    n_features_in_ : int
        Number of features seen in `fit`, if a base estimator knows it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if a base estimator knows them.

    See Also
    --------
    FoldEnsembleClassifier : The folds of one base estimator.
    sklearn.ensemble.StackingClassifier : Fits base estimators on all rows.

    Notes
    -----
    The final estimator gets probabilities, or else decision values, or else votes; for
    two classes one column, since the other one says the same. Rows without an
    out-of-fold prediction are not used to fit it.

    To find out whether a fold ensemble was fitted on the same rows, they are hashed;
    that takes about two seconds for a gigabyte.

    References
    ----------
    Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdl import DenseClassifier
    >>> from skdl.ensemble import BlendingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = DenseClassifier(hidden_units=(10,), random_state=0)
    >>> forest = RandomForestClassifier(n_estimators=20, random_state=0)
    >>> blend = BlendingClassifier([("net", network), ("forest", forest)], cv=3)
    >>> blend.fit(X, y).score(X, y) > 0.9
    True
    >>> len(blend.named_estimators_["net"].estimators_)
    3
    """

    @_if_final_estimator_has
    def predict_proba(self, X):
        """Predict probabilities.

        Only if the final estimator does.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that all base estimators take.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; for an indicator matrix one for each label.
        """
        Z = self._columns_of(X)
        return self._final_answers(self.final_estimator_, Z)

    @_if_final_estimator_has
    def decision_function(self, X):
        """Predict decision values.

        Only if the final estimator does.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that all base estimators take.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            What the final estimator says.
        """
        Z = self._columns_of(X)
        if isinstance(self._final_answers, Classes):  # it may not know all of them
            return Classes("decision_function", self.classes_)(self.final_estimator_, Z)
        return self.final_estimator_.decision_function(Z)

    def _fold_ensemble(self, estimator, **params):
        return FoldEnsembleClassifier(estimator, **params)

    def _answers_for(self, final, y):
        return answers_of_classifier(final, y)

    def _default_final(self, y, sample_weight):
        logistic = _asking_for_weights(LogisticRegression(max_iter=1000))
        several = y is not None and np.ndim(y) == 2 and np.shape(y)[1] > 1
        return MultiOutputClassifier(logistic) if several else logistic


class BlendingRegressor(RegressorMixin, Blending):
    """Regressors of several kinds, blended by another one.

    A model of each kind is fitted for each fold, as in `FoldEnsembleRegressor`, and
    the final estimator learns from the out-of-fold predictions. To predict, the fold
    models of each kind are averaged, and the final estimator blends the averages. In
    contrast to `StackingRegressor`, which fits every base estimator once more on all
    rows, no fit is done twice, and models that stop early have their fold for that.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Base regressors by name: networks, forests, pipelines, anything with
        scikit-learn's methods. A `FoldEnsembleRegressor` keeps its own settings, and
        if it is fitted on the same rows, weights and settings, it is used as it is.
        "drop" in place of an estimator leaves it out.
    final_estimator : estimator or None, default=None
        The regressor that blends. None: a ridge regression.
    cv : int, splitter, iterable or None, default=5
        The folds, the same for all base estimators. None means 5.
    refit : bool, default=False
        Whether the base models that predict are fitted on all rows, for the mean of
        their folds' best epochs, in place of the averages of fold models.
    passthrough : bool, default=False
        Whether the final estimator gets the columns of X beside the predictions.
    random_state : int, RandomState instance or None, default=None
        Gives every fold model seeds of its own, so that they err in different ways.
        None leaves the base estimators' `random_state` as it is. Fold ensembles and
        the final estimator have their own.
    n_jobs : int or None, default=None
        How many fits of base estimators are done at a time, in the sense of joblib.
    verbose : int, default=0
        How much joblib says of its progress.

    Attributes
    ----------
    estimators_ : list of FoldEnsembleRegressor
        The fitted fold ensemble of each base estimator that is not dropped.
    named_estimators_ : Bunch
        The same by name.
    named_estimators : Bunch
        The base estimators by name, as they were given.
    final_estimator_ : estimator
        The fitted final estimator.
    n_features_in_ : int
        Number of features seen in `fit`, if a base estimator knows it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if a base estimator knows them.

    See Also
    --------
    FoldEnsembleRegressor : The folds of one base estimator.
    sklearn.ensemble.StackingRegressor : Fits base estimators on all rows.

    Notes
    -----
    Rows without an out-of-fold prediction are not used to fit the final estimator.

    To find out whether a fold ensemble was fitted on the same rows, they are hashed;
    that takes about two seconds for a gigabyte.

    References
    ----------
    Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5.

    Breiman, L. (1996). Stacked regressions. Machine Learning 24.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skdl import DenseRegressor
    >>> from skdl.ensemble import BlendingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = DenseRegressor(hidden_units=(10,), epochs=20, random_state=0)
    >>> blend = BlendingRegressor([("net", network), ("ridge", Ridge(0.1))], cv=3)
    >>> blend.fit(X, y).score(X, y) > 0.4
    True
    >>> blend.get_feature_names_out()
    array(['blendingregressor_net', 'blendingregressor_ridge'], dtype=object)
    """

    def _fold_ensemble(self, estimator, **params):
        return FoldEnsembleRegressor(estimator, **params)

    def _answers_for(self, final, y):
        return Numbers(), np.asarray(y)

    def _default_final(self, y, sample_weight):
        # Predictions have the units of y, and so has the square root of a penalty.
        variance = 1.0
        if y is not None:
            weight = None if sample_weight is None else np.asarray(sample_weight)
            mean = np.average(y, axis=0, weights=weight)
            variance = np.average((y - mean) ** 2, axis=0, weights=weight)
        alphas = (np.mean(variance) or 1.0) * np.array([0.1, 1.0, 10.0])
        return _asking_for_weights(RidgeCV(alphas))
