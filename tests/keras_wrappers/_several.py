"""More networks, encoders and classes of a user's own; what Keras alone would train."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.preprocessing import FunctionTransformer, LabelEncoder

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    classifier,
    regressor,
    split_columns,
)

# Keras's own fit takes a network that the engine does not, and learns the same.
WAYS = {"engine": {}, "own fit": {"run_eagerly": True}}


def three_classes(model=classifier, **parameters):
    """A classifier for classes as integers, with the loss for them."""
    return KerasClassifier(model, **{"loss": SPARSE, **QUICK, **parameters})


def two_classes(model=classifier, **parameters):
    """A classifier with one sigmoid unit."""
    return three_classes(model, **{"loss": "binary_crossentropy", **parameters})


def targets(model=regressor, **parameters):
    """A regressor with the squared error."""
    return KerasRegressor(model, **{"loss": "mse", **QUICK, **parameters})


# Ten epochs that are enough to learn 60 rows of four columns.
LEARNS = {"optimizer": "adam", "optimizer__learning_rate": 0.05, "epochs": 10}


def learner(**parameters):
    """A classifier that does learn."""
    return three_classes(**{**LEARNS, **parameters})


def number_learner(**parameters):
    """A regressor that does."""
    return targets(**{**LEARNS, **parameters})


# -- Keras alone -----------------------------------------------------------------------


def by_keras(estimator, X, y, **compile_kwargs):
    """A Keras network with the weights from which `estimator` starts to fit X, y."""
    start = clone(estimator).initialize(X, y).model_
    model = keras.models.clone_model(start)
    model.set_weights(start.get_weights())
    model.compile(**compile_kwargs)
    return model


def noting_epochs(seen):
    """A Keras callback that adds the number of each epoch to a list."""
    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs=None: seen.append(epoch)
    )


# -- networks --------------------------------------------------------------------------


def noisy(meta):
    """A network that draws random numbers in every step."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def normalised(meta):
    """A network with batch normalisation, a penalty and a state that is no weight."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(8, kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dense(1, activity_regularizer="l1"),
        ]
    )


def of_tokens(meta):
    """A network for integers below 10."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],), dtype="int32"),
            keras.layers.Embedding(10, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


def tokens():
    """X for ``of_tokens``: 60 rows of 4 integers."""
    return np.random.default_rng(0).integers(10, size=(60, 4))


def two_inputs(meta):
    """A network with the inputs ``left``, of one column, and ``right``, of three."""
    left = keras.Input((1,), name="left")
    right = keras.Input((3,), name="right")
    hidden = [keras.layers.Dense(4, activation="relu")(part) for part in (left, right)]
    joined = keras.layers.Concatenate()(hidden)
    if "n_classes_" in meta:
        last = keras.layers.Dense(meta["n_classes_"], activation="softmax")
    else:
        last = keras.layers.Dense(meta["n_outputs_"])
    return keras.Model([left, right], last(joined))


def two_outputs(meta):
    """A network with the outputs ``kind``, a sigmoid, and ``number``, one unit."""
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    kind = keras.layers.Dense(1, activation="sigmoid", name="kind")(hidden)
    number = keras.layers.Dense(3, activation="softmax", name="number")(hidden)
    return keras.Model(inputs, [kind, number])


class TwoTargets(KerasRegressor):
    """A regressor for ``two_heads``: each column of y is an output."""

    @property
    def target_encoder(self):
        return FunctionTransformer(split_columns)


def as_list(X):
    return [X[:, :1], X[:, 1:]]


def as_dict(X):
    return dict(zip(("left", "right"), as_list(X), strict=True))


class ListOfInputs:
    """Mixed in: X is split for ``two_inputs``, as a list."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(as_list)


class DictOfInputs:
    """Mixed in: X is split for ``two_inputs``, as a dictionary."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(as_dict)


class KindAndNumber(TransformerMixin, BaseEstimator):
    """Two columns of labels <-> what ``two_outputs`` is trained with and predicts."""

    def __init__(self, names=None):
        self.names = names

    def fit(self, y):
        self.encoders_ = [LabelEncoder().fit(column) for column in y.T]
        return self

    def transform(self, y):
        pairs = zip(self.encoders_, y.T, strict=True)
        parts = [encoder.transform(column) for encoder, column in pairs]
        return (
            parts if self.names is None else dict(zip(self.names, parts, strict=True))
        )

    def inverse_transform(self, y, return_proba=False):
        kind, number = y if self.names is None else [y[name] for name in self.names]
        if return_proba:
            return np.column_stack([kind, number])
        codes = (kind[:, 0] > 0.5).astype(int), number.argmax(axis=1)
        pairs = zip(self.encoders_, codes, strict=True)
        return np.column_stack([encoder.inverse_transform(c) for encoder, c in pairs])

    def get_metadata(self):
        classes = [encoder.classes_ for encoder in self.encoders_]
        return {
            "classes_": classes,
            "n_classes_": [len(c) for c in classes],
            "n_outputs_": 2,
            "n_outputs_expected_": 2,
        }


# -- a user's own classes --------------------------------------------------------------


class Doubled(keras.layers.Layer):
    """A layer that is not registered with Keras, but can be imported."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="skdl_tests")
class RegisteredDoubled(Doubled):
    """The same, registered."""


class Cubic(keras.losses.Loss):
    """The mean of cubed distances; not registered."""

    def call(self, y_true, y_pred):
        distance = keras.ops.abs(keras.ops.cast(y_true, y_pred.dtype) - y_pred)
        return keras.ops.mean(distance**3, axis=-1)


def fourth_power(y_true, y_pred):
    """A loss that is a function."""
    return keras.ops.mean((keras.ops.cast(y_true, y_pred.dtype) - y_pred) ** 4, axis=-1)


class Bias(keras.metrics.Mean):
    """The mean of what is predicted too high; not registered."""

    def __init__(self, name="bias", **kwargs):
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = keras.ops.cast(y_true, y_pred.dtype)
        return super().update_state(y_pred - y_true, sample_weight)


def with_layer(meta, layer=Doubled):
    """A network with a layer of a user's own."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(8, activation="relu"),
            layer(factor=0.5),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


class Plain(keras.Model):
    """A network that Keras cannot read back: it takes no `name` and `dtype`."""

    def __init__(self, units=8):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.last = keras.layers.Dense(1)

    def call(self, inputs):
        return self.last(self.hidden(inputs))


def with_lambda(meta):
    """A network with a function that has no name."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Lambda(lambda x: 2 * x),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


class OwnStep(keras.Model):
    """A network with a training step of its own, Keras's with half the gradients."""

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True), sample_weight)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply([g / 2 for g in gradients], self.trainable_weights)
        return {"loss": loss}


def own_step(meta):
    """The network of ``regressor``, with a training step of its own."""
    standard = regressor(meta)
    return OwnStep(standard.inputs, standard.outputs)
