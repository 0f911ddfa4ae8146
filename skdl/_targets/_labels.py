"""Labels: class indices or an indicator matrix, logits to labels."""

import numbers
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_array

from skdl._remarks import warn_user
from skdl._targets._base import Targets
from skdl.exceptions import MissingClassWarning


@dataclass(eq=False)
class ClassTargets(Targets):
    """Labels of any type as class indices, and logits as probabilities.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    """

    classes: np.ndarray

    @property
    def n_outputs(self):
        """One logit for two classes (or one), else one for each class."""
        return len(self.classes) if len(self.classes) > 2 else 1

    @property
    def row_shape(self):
        """Shape of one row of encoded targets."""
        return () if len(self.classes) > 2 else (1,)

    def check(self, y, name="y"):
        """One column of labels, all of them known.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels.
        name : str, default="y"
            The argument's name, for the message.

        Returns
        -------
        ndarray of shape (n_samples,)
            Indices into `classes`.

        Raises
        ------
        ValueError
            If there is a label that is not among the classes.
        """
        y = column_or_1d(y, warn=True)
        known = np.isin(y, self.classes)
        if not known.all():
            raise ValueError(
                f"{name} holds the label {plain(y[~known][0])!r}, which is not among "
                f"the classes {self.classes.tolist()!r}. Drop such rows, or begin with "
                "all classes: in y of fit, or as partial_fit(X, y, classes=...)."
            )
        return np.searchsorted(self.classes, y)

    def check_validation(self, y, name="y_val"):
        """Labels of validation rows, of which some may have no row in training.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels.
        name : str, default="y_val"
            The argument's name, for messages.

        Returns
        -------
        index : ndarray of shape (n_samples,)
            Indices into `classes`; any for labels that are not among them.
        known : ndarray of bool of shape (n_samples,)
            Which are.

        Raises
        ------
        ValueError
            If none is.

        Warns
        -----
        skdl.exceptions.MissingClassWarning
            If some are not.
        """
        y = column_or_1d(y, warn=True)
        known = np.isin(y, self.classes)
        if known.all() or not known.any():
            return self.check(y, name), known
        n_unknown = np.count_nonzero(~known)
        text = (
            f"{name} holds the label {plain(y[~known][0])!r}, which is not among the "
            f"classes {self.classes.tolist()!r} of the training rows: {n_unknown} of "
            f"{len(y)} labels are left out of validation. Keep all classes in both "
            "parts, for example with train_test_split(stratify=y)."
        )
        warn_user(MissingClassWarning(text))
        index = np.zeros(len(y), np.intp)
        index[known] = np.searchsorted(self.classes, y[known])
        return index, known

    def check_classes(self, classes):
        """Complain if `classes` are others than in the first call."""
        if not np.array_equal(np.unique(column_or_1d(classes)), self.classes):
            raise ValueError(
                f"classes={list(classes)!r} is not the same as on the last call to "
                f"partial_fit, which was {self.classes.tolist()!r}. Leave it out, or "
                "clone the estimator."
            )

    def encode(self, index, dtype):
        """Class indices as the loss takes them.

        Parameters
        ----------
        index : ndarray of shape (n_samples,)
            From `check`.
        dtype : str
            The network's dtype.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, 1)
            Integers, or 0.0 and 1.0 for two classes.
        """
        if len(self.classes) > 2:
            return index.astype(np.int64)
        # a single class is the positive one: the network learns to be sure of it
        positive = index == len(self.classes) - 1
        return positive.astype(dtype)[:, None]

    def class_weights(self, class_weight, index, weight):
        """The weight of every class.

        Parameters
        ----------
        class_weight : dict, "balanced" or None
            By label. As a part of all rows may lack a class, keys that are no label
            are passed over where others are one.
        index : ndarray of shape (n_samples,)
            Training labels as indices.
        weight : ndarray of shape (n_samples,)
            Row weights, which count for "balanced".

        Returns
        -------
        ndarray of shape (n_classes,)
            Factors of the row weights.

        Raises
        ------
        ValueError
            For weights that are none, and a dict without any of the labels.

        Warns
        -----
        skdl.exceptions.MissingClassWarning
            If a dict has keys that are no label, and no weight for some label.
        """
        if class_weight is None:
            return np.ones(len(self.classes))
        if isinstance(class_weight, dict):
            return self._weights_by_label(class_weight)
        if class_weight != "balanced":
            raise ValueError(
                f"class_weight={class_weight!r} is for an indicator matrix. Give one "
                "dict {label: weight}."
            )
        present = np.unique(index)
        factors = np.ones(len(self.classes))
        factors[present] = compute_class_weight(
            class_weight,
            classes=self.classes[present],
            y=self.classes[index],
            sample_weight=weight,
        )
        return factors

    def _weights_by_label(self, class_weight):
        """The weights of a dict, 1 for labels without a key."""
        for label, value in class_weight.items():
            if not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
                raise ValueError(
                    f"class_weight={{{label!r}: {value!r}}} must be a finite "
                    "number of at least 0."
                )
        classes = self.classes.tolist()
        absent = [label for label in class_weight if label not in classes]
        if absent and len(absent) == len(class_weight):
            raise ValueError(
                f"class_weight={class_weight!r} has none of the classes {classes!r}. "
                "Use labels of y as keys."
            )
        without = [label for label in classes if label not in class_weight]
        if absent and without:  # of a part of all rows, or misspelt
            text = (
                f"class_weight has the label {absent[0]!r}, which is not among the "
                f"classes {classes!r}, and no weight for {without[0]!r}, which counts "
                "as 1. Give every class a weight, or correct the key."
            )
            warn_user(MissingClassWarning(text))
        return np.array([class_weight.get(label, 1.0) for label in classes])

    def row_weights(self, factors, index):
        """The class weight of each row."""
        return factors[index]

    def strata(self, index):
        """What a validation split keeps in proportion."""
        return index

    def probabilities(self, raw):
        """Logits to probabilities in float64.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Outputs of the network.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Rows sum to one.
        """
        raw = raw.astype(np.float64)
        if len(self.classes) == 1:
            return np.ones((len(raw), 1))
        if len(self.classes) == 2:
            return np.hstack([expit(-raw), expit(raw)])
        return softmax(raw, axis=1)

    def decision(self, raw):
        """Logits as ``decision_function`` returns them."""
        raw = raw.astype(np.float64)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def decode(self, raw):
        """Logits to labels."""
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(raw))
        if len(self.classes) == 2:
            return self.classes[(raw[:, 0] > 0).astype(int)]
        return self.classes[raw.argmax(axis=1)]


@dataclass(eq=False)
class MultilabelTargets(Targets):
    """An indicator matrix: any number of the labels at once.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
        Column numbers.
    """

    classes: np.ndarray

    @property
    def n_outputs(self):
        """One logit for each label."""
        return len(self.classes)

    @property
    def row_shape(self):
        """Shape of one row of encoded targets."""
        return (self.n_outputs,)

    def check(self, y, name="y"):
        """An indicator matrix with as many columns as in ``fit``.

        Parameters
        ----------
        y : array-like or sparse matrix of shape (n_samples, n_labels)
            Zeros and ones.
        name : str, default="y"
            The argument's name, for the message.

        Returns
        -------
        ndarray of shape (n_samples, n_labels)
            Dense.

        Raises
        ------
        ValueError
            If the number of columns or the values are wrong.
        """
        y = check_array(y, accept_sparse="csr", input_name=name, dtype=None)
        y = y.toarray() if hasattr(y, "toarray") else y
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} has {y.shape[1]} columns, but the model knows "
                f"{self.n_outputs} labels. Give one column of 0 and 1 for each label."
            )
        if not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"{name} holds {y[~np.isin(y, (0, 1))][0]!r}; an indicator matrix has "
                "only 0 and 1. Use MultiLabelBinarizer, or MultiOutputClassifier for "
                "several columns of classes."
            )
        return y

    def check_classes(self, classes):
        """Complain if `classes` are others than the columns' numbers."""
        if not np.array_equal(np.unique(column_or_1d(classes)), self.classes):
            raise ValueError(
                f"classes={list(classes)!r} are not the {self.n_outputs} columns of y. "
                f"Leave it out, or pass {self.classes.tolist()!r}."
            )

    def encode(self, y, dtype):
        """As the loss takes it."""
        return y.astype(dtype)

    def class_weights(self, class_weight, y, weight):
        """The weight of 0 and of 1 in every column.

        Parameters
        ----------
        class_weight : list of dict, "balanced" or None
            A dict ``{0: weight, 1: weight}`` for each column.
        y : ndarray of shape (n_samples, n_labels)
            Training labels.
        weight : ndarray of shape (n_samples,)
            Row weights, which count for "balanced".

        Returns
        -------
        ndarray of shape (n_labels, 2)
            Factors of the row weights.
        """
        if class_weight is None:
            return np.ones((self.n_outputs, 2))
        if class_weight == "balanced":
            columns = [ClassTargets(np.array([0, 1])) for _ in self.classes]
            return np.array(
                [
                    column.class_weights("balanced", y[:, i].astype(int), weight)
                    for i, column in enumerate(columns)
                ]
            )
        if not isinstance(class_weight, list) or len(class_weight) != self.n_outputs:
            raise ValueError(
                f"class_weight={class_weight!r} must be a list of {self.n_outputs} "
                "dicts {0: weight, 1: weight}, one for each column of y."
            )
        for weights in class_weight:
            other = [key for key in weights or () if key not in (0, 1)]
            if other:
                raise ValueError(
                    f"class_weight has the label {other[0]!r}, which is not among the "
                    "values [0, 1] of a column of y. Use these as keys."
                )
        column = ClassTargets(np.array([0, 1]))
        return np.array([column.class_weights(d, None, None) for d in class_weight])

    def row_weights(self, factors, y):
        """The product over columns of each value's weight, as scikit-learn does."""
        return factors[np.arange(self.n_outputs), y.astype(int)].prod(axis=1)

    def strata(self, y):
        """Rows are split at random: combinations of labels are often unique."""
        return None

    def probabilities(self, raw):
        """Logits to one probability for each label, float64."""
        return expit(raw.astype(np.float64))

    def decision(self, raw):
        """Logits as ``decision_function`` returns them."""
        return raw.astype(np.float64)

    def decode(self, raw):
        """Logits to an indicator matrix."""
        return (raw > 0).astype(int)


def plain(label):
    """A label as Python writes it."""
    return label.item() if isinstance(label, np.generic) else label
