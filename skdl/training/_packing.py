"""Keras models as plain bytes, with the classes that Keras would not find again."""

import functools
import io
import types
import warnings

import keras


class PackedModel:
    """A Keras model that can be pickled and copied, custom objects included.

    Keras pickles models by itself, but finds layers, losses and functions of users
    again only if they were registered. Here they travel along: pickled like any other
    class or function, that is by the module which defines them.

    Parameters
    ----------
    model : keras.Model
        Compiled or not; the state of its optimizer is kept.

    Raises
    ------
    ValueError
        If Keras cannot write it down.
    """

    def __init__(self, model):
        self._custom = {}
        for thing in _parts(model):
            self._note(thing)
        try:
            with warnings.catch_warnings():  # of Keras, about lambdas and safe_mode
                warnings.simplefilter("ignore")
                self._load, (archive,) = model.__reduce__()
        except Exception as error:
            raise ValueError(
                f"The model of class {type(model).__name__} cannot be pickled: {error} "
                "Give each layer of your own a get_config that returns the arguments "
                "of its __init__."
            ) from error
        self._archive = archive.getvalue()

    def unpack(self):
        """Build the model again.

        Returns
        -------
        keras.Model
            A new one at every call.
        """
        with keras.saving.custom_object_scope(self._custom):
            return self._load(io.BytesIO(self._archive))

    def _note(self, thing):
        if isinstance(thing, (list, tuple)):
            for item in thing:
                self._note(item)
        elif isinstance(thing, dict):
            self._note(list(thing.values()))
        elif isinstance(thing, functools.partial):
            self._note(thing.func)
        else:
            if not isinstance(thing, (type, types.FunctionType)):
                thing = type(thing)
            module = (thing.__module__ or "").split(".")[0]
            if module in ("keras", "tensorflow", "builtins", "numpy"):
                return
            if thing.__name__ == "<lambda>":  # by its code
                return
            self._custom[keras.saving.get_registered_name(thing)] = thing


def _parts(model):
    """Layers, what they hold, and what the model was compiled with."""
    for layer in model._flatten_layers():
        yield layer
        yield from (
            value for name, value in vars(layer).items() if not name.startswith("_")
        )
    compiled = getattr(model, "_compile_config", None)
    if compiled is not None:
        yield compiled.config
        optimizer = model.optimizer
        yield from [optimizer, getattr(optimizer, "_learning_rate", None)]
