"""The network of an estimator for images, trained by Keras's Model.fit."""

import math
from time import perf_counter

import keras
import numpy as np
import tensorflow as tf

from skdl._images import ImageInputs

WITHOUT_DECAY = ["bias", "gamma", "beta", "alpha"]  # all variables but kernels
DEGREES = 1 / 360  # of a full turn
# name in skdl -> Keras's layer for images of (height, width, channels); so far as there
# is one that does the same
AUGMENTATIONS = {
    "flip": lambda shape: keras.layers.RandomFlip("horizontal"),
    "crop": lambda shape: keras.layers.RandomTranslation(
        *(int(size / 8 + 0.5) / size for size in shape[:2]),
        fill_mode="constant",
        interpolation="nearest",
    ),
    "rotate": lambda shape: keras.layers.RandomRotation(
        15 * DEGREES, fill_mode="constant"
    ),
    "zoom": lambda shape: keras.layers.RandomZoom(0.15, fill_mode="constant"),
}


class EpochClock(keras.callbacks.Callback):
    """Takes the time of every epoch, whoever trains.

    Attributes
    ----------
    seconds : list of float
        One for each epoch.
    """

    def __init__(self):
        super().__init__()
        self.seconds = []

    def __deepcopy__(self, memo):
        return self  # skdl trains with copies of callbacks; this one is read afterwards

    def on_epoch_begin(self, epoch, logs=None):
        """Start."""
        self._start = perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop."""
        self.seconds.append(perf_counter() - self._start)


def keras_twin(estimator, X, n_classes):
    """Build and compile the network which an estimator would train.

    Parameters
    ----------
    estimator : CNNClassifier or ResNetClassifier
        Not fitted; with "adam", the learning rate constant or a cosine.
    X : ndarray of shape (n_images, height, width, channels)
        Training images.
    n_classes : int

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If no optimizer of Keras does the same.
    """
    shape = X.shape[1:]
    network = estimator._network(shape, n_classes).model(estimator.random_state)
    inputs = ImageInputs.fit(
        X,
        np.ones(len(X)),
        shape,
        scaling=estimator.input_scaling,
        color_mode=estimator.color_mode,
        dtype=estimator.dtype,
    )
    scaling = network.get_layer("input_scaling")
    scaling.moving_mean.assign(inputs.mean)
    scaling.moving_variance.assign(inputs.variance)
    network.compile(
        optimizer=_optimizer(estimator, len(X)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return network


def fit_keras(network, estimator, X, y, callbacks=()):
    """Train a network as an estimator would, with the means of Keras.

    Parameters
    ----------
    network : keras.Model
        From `keras_twin`.
    estimator : CNNClassifier or ResNetClassifier
        The same.
    X : ndarray of shape (n_images, height, width, channels)
    y : ndarray of shape (n_images,)
        Places of the classes.
    callbacks : sequence of keras.callbacks.Callback, default=()

    Returns
    -------
    keras.callbacks.History

    Raises
    ------
    ValueError
        If training would differ.
    """
    if estimator.early_stopping is not False:
        raise ValueError("Model.fit takes all epochs here; set early_stopping=False")
    options = {"epochs": estimator.epochs, "callbacks": list(callbacks), "verbose": 0}
    batch_size = estimator._rows_per_batch(len(X))
    if not estimator.augment:
        return network.fit(X, y, batch_size=batch_size, **options)
    augment = _augmentation(estimator.augment, X.shape[1:])
    batches = tf.data.Dataset.from_tensor_slices((X, y))
    batches = batches.shuffle(len(X)).batch(batch_size)
    batches = batches.map(
        lambda X, y: (augment(X, training=True), y), num_parallel_calls=tf.data.AUTOTUNE
    )
    return network.fit(batches.prefetch(tf.data.AUTOTUNE), **options)


def _optimizer(estimator, n_rows):
    if estimator.optimizer != "adam":
        raise ValueError(f"optimizer={estimator.optimizer!r} is not Adam")
    n_steps = math.ceil(n_rows / estimator._rows_per_batch(n_rows)) * estimator.epochs
    rate, schedule = estimator._chosen_rate(), estimator.learning_rate_schedule
    decay = estimator.weight_decay / (rate * n_steps)
    if schedule in ("auto", "cosine"):
        rate = keras.optimizers.schedules.CosineDecay(rate, n_steps)
    elif schedule is not None:
        raise ValueError(f"learning_rate_schedule={schedule!r} is not 'cosine' or None")
    if not decay:
        return keras.optimizers.Adam(rate)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay)
    optimizer.exclude_from_weight_decay(var_names=WITHOUT_DECAY)
    return optimizer


def _augmentation(augment, shape):
    names = (augment,) if isinstance(augment, str) else tuple(augment)
    if unknown := [name for name in names if name not in AUGMENTATIONS]:
        raise ValueError(
            f"augment={unknown[0]!r} has no counterpart in Keras here; these have one: "
            f"{', '.join(AUGMENTATIONS)}"
        )
    return keras.Sequential([AUGMENTATIONS[name](shape) for name in names])
