"""Augmentation: what a batch of training images goes through before the network."""

import functools
import json
from dataclasses import dataclass

import keras
from keras import ops

from skdl._seeds import seeded_build
from skdl.networks._image_operations import color, crop, flip, rotate, zoom
from skdl.networks._mixing import MIXES, mix
from skdl.networks._rand_augment import rand_augment

OPERATIONS = {
    "flip": flip,
    "crop": crop,
    "rotate": rotate,
    "zoom": zoom,
    "color": color,
    "randaugment": rand_augment,
}
RANGED = {"color", "randaugment"}  # which have to know black and white
NAMES = (*OPERATIONS, *sorted(MIXES, reverse=True))


@dataclass(frozen=True)
class LayerConfig:
    """A Keras layer as something that can be compared, hashed and pickled.

    Parameters
    ----------
    config : str
        What Keras makes the layer from, in JSON.
    custom : tuple of (str, type)
        Classes of layers that are not Keras's own, by the name under which `config`
        knows them.
    """

    config: str
    custom: tuple = ()

    def build(self):
        """Make the layer.

        Returns
        -------
        keras.Layer
            A new one, without the weights of the layer that was described.
        """
        with seeded_build(0):
            return keras.saving.deserialize_keras_object(
                json.loads(self.config),
                custom_objects=dict(self.custom),
                safe_mode=False,  # what is here is the user's own
            )


@dataclass(frozen=True)
class Augment:
    """What training images go through; equal ones share one traced program.

    Parameters
    ----------
    operations : tuple of str or LayerConfig
        One after the other; ``"mixup"`` and ``"cutmix"`` are at the end.
    value_range : tuple of float or None, default=None
        Black and white, for operations with a name that have to know them; None takes
        the lowest and the highest value of a batch.
    """

    operations: tuple
    value_range: tuple | None = None

    def build(self):
        """Make what computes it.

        Returns
        -------
        Augmentation
            With random generators of its own.
        """
        return Augmentation(self)


def find_augment(augment, value_range=None):
    """Understand the parameter ``augment`` of estimators for images.

    Parameters
    ----------
    augment : None, str, keras.Layer, or a tuple or list of str and keras.Layer
        Names are those of ``NAMES``. The order is that of application, but for
        ``"mixup"`` and ``"cutmix"``, which come last; with both, each image is mixed
        in one way or the other. None within a tuple stands for nothing.
    value_range : tuple of float or None, default=None
        See `Augment`.

    Returns
    -------
    Augment or None
        None if there is nothing to do.

    Raises
    ------
    ValueError
        If a name is unknown or there twice, or if a layer is one that cannot be made
        again from its configuration or that mixes images.
    TypeError
        If something is neither a name nor a layer.

    Examples
    --------
    >>> from skdl.networks import find_augment
    >>> find_augment(["mixup", "flip"])
    Augment(operations=('flip', 'mixup'), value_range=None)
    """
    parts = augment if isinstance(augment, (tuple, list)) else (augment,)
    parts = [part for part in parts if part is not None]
    for part in parts:
        if isinstance(part, str):
            _check_name(part, parts)
        elif not isinstance(part, keras.Layer):
            raise TypeError(
                f"augment={part!r} is neither a name nor a Keras layer. Give "
                f"{', '.join(map(repr, NAMES))}, an instance of a layer such as "
                "keras.layers.RandomFlip('vertical'), or a tuple of these."
            )
    mixes = sorted(part for part in parts if _is_mix(part))
    others = [
        part if isinstance(part, str) else _describe(part)
        for part in parts
        if not _is_mix(part)
    ]
    return Augment((*others, *mixes), value_range) if parts else None


def _named(name, value_range):
    """The function of a name."""
    if name in RANGED:
        return functools.partial(OPERATIONS[name], value_range=value_range)
    return OPERATIONS[name]


class Augmentation:
    """Computes what an `Augment` describes, on batches of images.

    Nothing but `variables` has a state, so the result depends on their values and on
    the images alone.

    Parameters
    ----------
    augment : Augment
        The description.
    """

    def __init__(self, augment):
        # One generator for all operations with a name: it counts what is drawn, so
        # that no two draws of a call are the same.
        self._seeds = None
        if any(isinstance(operation, str) for operation in augment.operations):
            self._seeds = keras.random.SeedGenerator(0)
        self._steps = [
            _named(operation, augment.value_range)
            if isinstance(operation, str)
            else operation.build()
            for operation in augment.operations
            if not _is_mix(operation)
        ]
        self._mixes = [name for name in augment.operations if _is_mix(name)]

    @property
    def variables(self):
        """States of the random generators, in a fixed order.

        Complete once `check` was called: layers may make theirs only then.
        """
        own = [self._seeds.state] if self._seeds else []
        return own + [v for layer in self._layers for v in layer.variables]

    @property
    def _layers(self):
        return [step for step in self._steps if isinstance(step, keras.Layer)]

    def check(self, input_shape, dtype="float32"):
        """Build the layers, and complain of those that are not for augmentation.

        Parameters
        ----------
        input_shape : tuple of int
            ``(height, width, channels)`` of an image.
        dtype : str, default="float32"
            Of images.

        Raises
        ------
        ValueError
            If a layer changes the shape of images or has weights.
        """
        shape = (None, *input_shape)
        for layer in self._layers:
            with seeded_build(0):
                result = layer(keras.KerasTensor(shape, dtype), training=True)
            if layer.weights:
                raise ValueError(
                    f"augment={layer!r} has weights "
                    f"({', '.join(w.path for w in layer.weights)}), which augmentation "
                    "can neither train nor keep. Give a layer without weights, or "
                    "make it part of the network."
                )
            found = getattr(result, "shape", None)
            if found is None or tuple(found)[1:] != tuple(input_shape):
                found = result if found is None else tuple(found)[1:]
                raise ValueError(
                    f"augment={layer!r} turns images of shape {tuple(input_shape)} "
                    f"into {found}; augmented images have the shape of all others. "
                    "Use a layer that keeps it, or change the images before fit."
                )

    def __call__(self, X, y, weight, tools=None):
        """Augment images, each by chance of its own.

        Parameters
        ----------
        X : tensor of shape (batch, height, width, channels)
            Images, as they are given to the estimator.
        y : tensor of shape (batch, ...)
            Their targets, which stay as they are.
        weight : tensor of shape (batch,)
            Of each image.
        tools : Tools or None, default=None
            Not used: operations draw from `variables`.

        Returns
        -------
        X : tensor of the same shape and dtype
            Other images.
        targets : list of (y, weight)
            The given ones; or, if images are mixed, each image's target with its share
            of the weight, and the target of the image before it with the rest.
        """
        dtype = X.dtype
        for step in self._steps:
            if isinstance(step, keras.Layer):
                X = ops.cast(step(X, training=True), dtype)
            else:
                X = step(X, self._seeds)
        if not self._mixes:
            return X, [(y, weight)]
        X, share = mix(X, self._seeds, self._mixes)
        # a row mixed with the one before it has the loss of both: for the log loss that
        # is the same as targets which are mixed
        partner = [ops.roll(values, 1, axis=0) for values in (y, weight)]
        return X, [(y, share * weight), (partner[0], (1 - share) * partner[1])]


# -- the user's parameter ----------------------------------------------------------


def _is_mix(part):
    return isinstance(part, str) and part in MIXES


def _check_name(name, parts):
    if name not in NAMES:
        raise ValueError(
            f"augment={name!r} is unknown. Choose one or several of: "
            f"{', '.join(NAMES)}; or give Keras layers."
        )
    if sum(isinstance(part, str) and part == name for part in parts) > 1:
        raise ValueError(
            f"augment={parts!r} has {name!r} more than once. Give each name once; "
            "for stronger augmentation, give a Keras layer."
        )


def _describe(layer):
    parts = layer._flatten_layers()
    mixing = (keras.layers.MixUp, keras.layers.CutMix)
    if any(isinstance(part, mixing) for part in parts):
        raise ValueError(
            f"augment={layer!r} would mix images and leave their targets as they are. "
            "Use augment='mixup' or 'cutmix', which mix both."
        )
    try:
        config = keras.saving.serialize_keras_object(layer)
        _leave_out_history(config)
        described = LayerConfig(json.dumps(config, sort_keys=True), _custom(layer))
        described.build()
    except Exception as error:  # whatever the user's class raises
        raise ValueError(
            f"augment={layer!r} cannot be made again from its configuration, which "
            "every fit does with a layer of its own. Let the layer's get_config return "
            "all arguments of its constructor, as numbers, strings, lists or dicts."
        ) from error
    return described


def _custom(layer):
    """Names and classes of the layers within a layer which Keras does not know."""
    classes = {type(part) for part in layer._flatten_layers()}
    named = (
        (keras.saving.get_registered_name(cls), cls)
        for cls in classes
        if cls.__module__.partition(".")[0] != "keras"
    )
    return tuple(sorted(named, key=lambda pair: pair[0]))


def _leave_out_history(config, position=0):
    """Take out of a layer's description how it came about: names and past inputs.

    Layers that do the same are then described by the same words. Models with named
    inputs need the names.
    """
    config.pop("build_config", None)
    inner = config["config"]
    if "input_layers" in inner:
        return
    inner.pop("build_input_shape", None)
    if "name" in inner:
        inner["name"] = f"{config['class_name']}_{position}"
    if isinstance(inner.get("layers"), list):
        layers = [v for v in inner["layers"] if v["class_name"] != "InputLayer"]
        for i, layer in enumerate(layers):
            _leave_out_history(layer, i)
        inner["layers"] = layers
