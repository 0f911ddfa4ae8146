"""Any scikit-learn transformer, applied to the features of every step of sequences."""

import copy
from typing import ClassVar

from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skdl._sequences import StackedSteps, repeat_over_steps
from skdl._validation import HasMethods, names_of_inputs, tags_of
from skdl.base._unchanged import or_unchanged


def _transformer_has(name):
    """Whether the transformer has a method, for `available_if`."""

    def check(self):
        getattr(getattr(self, "transformer_", self.transformer), name)
        return True

    return check


class PerFeature(
    MetaEstimatorMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Apply a transformer to the features of sequences, step by step.

    scikit-learn's transformers take tables. To them, every step of every sequence
    becomes a row: `StandardScaler` then scales each feature by its mean over all
    sequences and steps, `PCA` mixes the features of one step. The result has the shape
    of the input but for the number of features.

    Parameters
    ----------
    transformer : transformer
        Any with scikit-learn's methods, also a pipeline. It is cloned.

    Attributes
    ----------
    transformer_ : transformer
        The fitted one; its features are those of a step.
    n_features_in_ : int
        Features of a step; of an X with two axes the number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, if X was a frame or a list of frames and all are text.

    See Also
    --------
    to_sequences : Cut a series into windows.
    sklearn.compose.ColumnTransformer : Different transformers for different features;
        may be the `transformer`.

    Notes
    -----
    Padding is neither learnt from nor transformed: steps of NaN in all features at the
    end of a sequence in an array of three axes stay NaN. Other NaN are for the
    transformer, which may be a `SimpleImputer`.

    Metadata of ``fit`` such as ``sample_weight`` have one value for each sequence, and
    so has y; both are repeated for its steps. With metadata routing enabled, PerFeature
    is a router: set the requests on `transformer`.

    ``set_output`` is that of the transformer. Frames are returned for two axes only;
    three axes and lists stay arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdl.preprocessing import PerFeature
    >>> X = np.random.default_rng(0).normal([5.0, -300.0], [2.0, 50.0], (100, 24, 2))
    >>> scaled = PerFeature(StandardScaler()).fit_transform(X)
    >>> scaled.shape
    (100, 24, 2)
    >>> bool(np.allclose(scaled.std(axis=(0, 1)), 1))
    True

    Sequences of different length come back as a list.

    >>> ragged = [np.array([[1.0, 10.0]]), np.array([[3.0, 10.0], [2.0, 40.0]])]
    >>> scaled = PerFeature(StandardScaler()).fit_transform(ragged)
    >>> [steps.round(2).tolist() for steps in scaled]
    [[[-1.22, -0.71]], [[1.22, -0.71], [0.0, 1.41]]]
    """

    _parameter_constraints: ClassVar[dict] = {
        "transformer": [HasMethods(["fit", "transform"])],
    }

    def __init__(self, transformer):
        self.transformer = transformer

    # -- learning ----------------------------------------------------------------------

    def fit(self, X, y=None, **params):
        """Fit the transformer to all steps of all sequences.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features) or \
(n_sequences, n_steps), or list of array-likes
            Sequences; with two axes each column is a step, of one feature. In a list,
            of shape (n_steps, n_features) or (n_steps,), each with its own length.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs), default=None
            Targets, for transformers that take them; or a list with the targets of each
            step.
        **params : dict
            ``sample_weight`` and other arguments of the transformer's ``fit``; those
            with one value for each sequence are repeated for its steps.

        Returns
        -------
        self
            The fitted wrapper.

        Raises
        ------
        ValueError
            If X is no collection of sequences, or there are more or fewer targets.
        """
        self._learn("fit", X, y, params)
        return self

    def fit_transform(self, X, y=None, **params):
        """Fit the transformer, and transform the same sequences.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences, see `fit`.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs), default=None
            Targets, see `fit`.
        **params : dict
            Arguments of the transformer's ``fit_transform``, see `fit`.

        Returns
        -------
        ndarray, list of ndarray or DataFrame
            As of `transform`.
        """
        has_both = hasattr(self.transformer, "fit_transform")
        method = "fit_transform" if has_both else "fit"
        steps, result = self._learn(method, X, y, params)
        return self._result(steps, result) if has_both else self.transform(X)

    @available_if(_transformer_has("partial_fit"))
    def partial_fit(self, X, y=None, **params):
        """Go on fitting the transformer, with more sequences.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences, see `fit`.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs), default=None
            Targets, see `fit`.
        **params : dict
            Arguments of the transformer's ``partial_fit``, see `fit`.

        Returns
        -------
        self
            The same wrapper.
        """
        self._learn("partial_fit", X, y, params)
        return self

    @or_unchanged
    def _learn(self, method, X, y, params):
        """Call a method that fits; return the steps, and what it returned."""
        self._validate_params()
        goes_on = method == "partial_fit" and hasattr(self, "transformer_")
        steps = StackedSteps.of(self, X, reset=not goes_on)
        if get_config()["enable_metadata_routing"] and params:
            params = process_routing(self, method, **params).transformer[method]
        params = {
            name: repeat_over_steps(value, steps.lengths, name)
            for name, value in params.items()
        }
        if y is not None:
            y = repeat_over_steps(y, steps.lengths, "y", needed=True)
        transformer = self.transformer_ if goes_on else clone(self.transformer)
        if goes_on:  # a failure must leave the old one
            transformer = copy.deepcopy(transformer)
        result = getattr(transformer, method)(steps.rows, y, **params)
        self.transformer_ = transformer
        return steps, result

    def get_metadata_routing(self):
        """Say who gets which metadata.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routes from the methods that fit to those of the transformer.
        """
        mapping = MethodMapping()
        for method in ("fit", "fit_transform", "partial_fit"):
            mapping.add(caller=method, callee=method)
        return MetadataRouter(owner=self).add(
            transformer=self.transformer, method_mapping=mapping
        )

    # -- transforming ------------------------------------------------------------------

    def transform(self, X):
        """Transform the features of every step.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences with the features that `fit` saw, of any length; with two axes, if
            `fit` saw two, of the same number of steps.

        Returns
        -------
        ndarray, list of ndarray or DataFrame
            Of shape (n_sequences, n_steps, n_features_out); a list of arrays for a list
            of arrays; (n_sequences, n_steps) if X has two axes and the transformer
            gives one feature.

        Raises
        ------
        ValueError
            If X has other features.
        """
        check_is_fitted(self)
        steps = StackedSteps.of(self, X, reset=False)
        return self._result(steps, self.transformer_.transform(steps.rows))

    @available_if(_transformer_has("inverse_transform"))
    def inverse_transform(self, X):
        """Undo the transformation of every step.

        Parameters
        ----------
        X : array-like or list of array-likes
            What `transform` returns.

        Returns
        -------
        ndarray or list of ndarray
            Of the shape that `transform` took.
        """
        check_is_fitted(self)
        steps = StackedSteps.of(self, X, reset=False, check_features=False)
        rows = self.transformer_.inverse_transform(steps.array_of_rows)
        flat = self._saw_columns and steps.array_of_rows.shape[1] > 1
        return steps.like(rows, two_axes=steps.two_axes or flat)

    def _result(self, steps, rows):
        result = steps.like(rows, two_axes=steps.two_axes)
        # a transformer that gives frames was asked for them by set_output
        if hasattr(rows, "columns") and getattr(result, "ndim", 0) == 2:
            names = names_of_inputs(self, None, generate=True)
            if not hasattr(rows, "iloc"):  # Polars
                return type(rows)(result, schema=list(names))
            return type(rows)(result, index=steps.index, columns=names)
        return result

    @available_if(_transformer_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        """Get the names of the features of a step, or of the columns of two axes.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of what `fit` saw; those of its frames, or ``x0``, ``x1``, ..., if
            None.

        Returns
        -------
        ndarray of str
            Those that the transformer makes of them. With two axes the columns, which
            are steps, keep their names, unless the transformer gives several features.
        """
        check_is_fitted(self)
        if not self._saw_columns:
            return self.transformer_.get_feature_names_out(input_features)
        columns = names_of_inputs(self, input_features, generate=True)
        names = self.transformer_.get_feature_names_out()
        return columns if len(names) == 1 else names

    def set_output(self, *, transform=None):
        """Set the container of the transformer's results.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            None changes nothing.

        Returns
        -------
        self
            The same wrapper.
        """
        for name in ("transformer", "transformer_"):
            transformer = getattr(self, name, None)
            if transform is not None and hasattr(transformer, "set_output"):
                transformer.set_output(transform=transform)
        return self

    def __sklearn_tags__(self):
        tags, theirs = super().__sklearn_tags__(), tags_of(self.transformer)
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = theirs.input_tags.allow_nan
        tags.input_tags.positive_only = theirs.input_tags.positive_only
        tags.target_tags = copy.deepcopy(theirs.target_tags)
        if theirs.transformer_tags is not None:
            tags.transformer_tags = copy.deepcopy(theirs.transformer_tags)
        tags.non_deterministic = theirs.non_deterministic
        return tags
