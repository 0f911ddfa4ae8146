"""Errors and warnings of skdl."""


class TrainingDivergedError(ValueError):
    """The loss became NaN or infinite during training.

    Inside a search with ``error_score=np.nan`` it counts as a failed candidate. The
    estimator keeps the state that it had before the call.

    Parameters
    ----------
    epoch : int
        The epoch (counted from 1) in which the loss stopped being finite.
    quantity : str
        What diverged, ``"loss"`` or ``"val_loss"``.
    value : float
        The value seen, NaN or infinite.
    learning_rate : float
        The learning rate of that epoch.

    Examples
    --------
    >>> from skdl.exceptions import TrainingDivergedError
    >>> TrainingDivergedError(3, "loss", float("nan"), 10.0).epoch
    3
    """

    def __init__(self, epoch, quantity, value, learning_rate):
        super().__init__(epoch, quantity, value, learning_rate)
        self.epoch = epoch
        self.quantity = quantity
        self.value = value
        self.learning_rate = learning_rate

    def __str__(self):
        return (
            f"Training diverged: {self.quantity} is {self.value} in epoch "
            f"{self.epoch} at learning_rate={self.learning_rate:.3g}. Try a learning "
            "rate ten times smaller, scale X and y, or set clipvalue in a Keras "
            "optimizer."
        )


class TrainingInterruptedWarning(UserWarning):
    """``fit`` was interrupted (Ctrl-C), and the estimator keeps the weights so far.

    It comes beside the ``KeyboardInterrupt``, which is raised in any case, so that
    loops over fits end. Within a search or a cross-validation the estimator is a clone
    that nobody sees again.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import TrainingInterruptedWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", TrainingInterruptedWarning)  # fit here
    """


class NothingLearntWarning(UserWarning):
    """A fitted network is no better on its training rows than one answer for all.

    Its loss on them (without dropout, augmentation and penalties) is less than one per
    cent below that of the best constant answer: the frequencies of the classes, the
    mean of the targets, or what the loss calls for. Fits of less than 50 steps and
    ``partial_fit`` are not looked at. A search, an ensemble or a bootstrap warns once
    for all of its fits. Loops of scikit-learn are warned of once for a line of code,
    without figures.

    Parameters
    ----------
    name : str
        Of the estimator.
    loss : float or None, default=None
        Of the network on its training rows.
    constant_loss : float or None, default=None
        Of the best constant answer.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import NothingLearntWarning
    >>> warnings.simplefilter("error", NothingLearntWarning)  # counts as a failed fit
    >>> warnings.resetwarnings()
    """

    def __init__(self, name, loss=None, constant_loss=None):
        super().__init__(name, loss, constant_loss)
        self.name = name
        self.loss = loss
        self.constant_loss = constant_loss

    def of_many(self):
        """The same for one of many fits.

        Returns
        -------
        NothingLearntWarning
            Without figures.
        """
        return type(self)(self.name)

    def __str__(self):
        what = "on its training rows it is no better than the best constant answer"
        if self.loss is not None:
            what = (
                f"its loss on the training rows is {self.loss:.4g}, and the best "
                f"constant answer has {self.constant_loss:.4g}"
            )
        return (
            f"{self.name} has learnt nothing: {what}. Try another learning rate (ten "
            "times smaller, ten times larger), more epochs, inputs on one scale, or "
            "less dropout and penalties; and check that the rows of y belong to those "
            "of X."
        )


class ValidationScaleWarning(UserWarning):
    """Validation rows have numbers of another scale than training rows.

    Usually they were not transformed as X was: ``pipe.fit(X, y, net__X_val=X_val)``
    hands them past the scaler. Early stopping then watches a number without meaning.

    Parameters
    ----------
    name : str
        What was given, ``"X_val"`` or ``"y_val"``.
    where : str
        In which columns.
    quartiles, of_training : tuple of float
        First and third quartile of the first such column, and those in training.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import ValidationScaleWarning
    >>> warnings.simplefilter("error", ValidationScaleWarning)  # refuse such rows
    >>> warnings.resetwarnings()
    """

    def __init__(self, name, where, quartiles, of_training):
        super().__init__(name, where, quartiles, of_training)
        self.name = name
        self.where = where
        self.quartiles = quartiles
        self.of_training = of_training

    def __str__(self):
        (low, high), (first, third) = self.quartiles, self.of_training
        training = self.name.split("_")[0]
        text = (
            f"{self.name} is on another scale than {training}{self.where}: half of its "
            f"values lie between {low:.3g} and {high:.3g}, and of {training} between "
            f"{first:.3g} and {third:.3g}. Early stopping watches it, so transform it "
            "as the training rows."
        )
        if training == "X":
            text += (
                " A Pipeline does so with transform_input=['X_val'] and metadata "
                "routing, and not for a parameter with the prefix of a step."
            )
        return text


class CallbackWarning(UserWarning):
    """A callback expects events which skdl's engine does not send.

    The engine computes whole epochs in one go: Keras callbacks hear of the beginning
    and the end of training and of every epoch, but not of single batches.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import CallbackWarning
    >>> warnings.simplefilter("ignore", CallbackWarning)
    >>> warnings.resetwarnings()
    """


class FoldOutlierWarning(UserWarning):
    """The score of a validation fold lies far from those of the other folds.

    Validation rows of such a fold are often outliers, or have wrong targets. The
    ensemble names these folds in ``outlier_folds_`` and their rows in ``fold_rows_``.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import FoldOutlierWarning
    >>> warnings.simplefilter("error", FoldOutlierWarning)  # stop at such a fold
    >>> warnings.resetwarnings()
    """


class MissingClassWarning(UserWarning):
    """A class is missing in a part of the rows that needs it.

    A model that has not seen a class never predicts it: averages over folds and scores
    of such models say little. `StratifiedKFold` and ``train_test_split(stratify=y)``
    keep all classes in all parts.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import MissingClassWarning
    >>> warnings.simplefilter("error", MissingClassWarning)  # stop at such a fold
    >>> warnings.resetwarnings()
    """


class RefittedWarning(UserWarning):
    """A fitted fold ensemble was fitted again: it was fitted on other data.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import RefittedWarning
    >>> warnings.simplefilter("ignore", RefittedWarning)
    >>> warnings.resetwarnings()
    """


class ImageReadError(ValueError):
    """An image file cannot be read.

    Parameters
    ----------
    path : str
        The file.
    reason : str
        What is wrong with it.
    remedy : str, default="Replace the file, or leave it out."
        What to do about it.

    Examples
    --------
    >>> from skdl.exceptions import ImageReadError
    >>> ImageReadError("cat.png", "the file is empty").path
    'cat.png'
    """

    def __init__(self, path, reason, remedy="Replace the file, or leave it out."):
        super().__init__(path, reason, remedy)
        self.path = path
        self.reason = reason
        self.remedy = remedy

    def __str__(self):
        return f"Cannot read the image {self.path!r}: {self.reason}. {self.remedy}"


class FilesLeftOutWarning(UserWarning):
    """A folder holds files that are left out, or has no images of some classes.

    Examples
    --------
    >>> import warnings
    >>> from skdl.exceptions import FilesLeftOutWarning
    >>> warnings.simplefilter("error", FilesLeftOutWarning)  # stop at such a folder
    >>> warnings.resetwarnings()
    """
