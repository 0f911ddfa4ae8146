"""The convolutions within a trained network."""

from sklearn.utils.validation import check_is_fitted


def network_within(estimator):
    """The trained network of an estimator, without what comes before and after it.

    Parameters
    ----------
    estimator : NeuralEstimator
        Fitted.

    Returns
    -------
    keras.Model
        From what the estimator's inputs become to raw outputs; a new one.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is no network of skdl.
    """
    check_is_fitted(estimator)
    trained = getattr(estimator, "_trained", None)
    if trained is None:
        hint = "Pass a fitted CNNClassifier or another network of skdl for images."
        if hasattr(estimator, "best_estimator_"):
            hint = "Pass its best_estimator_."
        raise TypeError(f"{type(estimator).__name__} is no network of skdl. {hint}")
    return trained.models()[0]


def first_convolution(estimator):
    """The first two-dimensional convolution of a trained network.

    Parameters
    ----------
    estimator : NeuralEstimator
        Fitted.

    Returns
    -------
    keras.layers.Conv2D
        The layer with its weights.

    Raises
    ------
    TypeError
        If there is none.
    """
    from keras import layers

    layer = next(_layers_of(layers.Conv2D, network_within(estimator)), None)
    if layer is None:
        raise _without(estimator)
    return layer


def maps_of_layers(estimator):
    """The network, and those of its layers that have maps of features.

    Parameters
    ----------
    estimator : NeuralEstimator
        Fitted.

    Returns
    -------
    network : keras.Model
        The trained network.
    names : list of str
        The layers from the first convolution on whose output has height, width and
        channels, in order.
    last : str
        The one of them after which nothing but pooling and dense layers comes.

    Raises
    ------
    TypeError
        If there is no convolution.
    """
    from keras import layers

    convolution = (
        layers.Conv2D,
        layers.DepthwiseConv2D,
        layers.SeparableConv2D,
        layers.Conv2DTranspose,
    )
    pooling = (
        layers.MaxPooling2D,
        layers.AveragePooling2D,
        layers.GlobalMaxPooling2D,
        layers.GlobalAveragePooling2D,
    )
    network = network_within(estimator)
    names, wide = [], []
    for layer in network.layers:
        shape = _shape(layer)
        if len(shape) != 4 or not (names or any(_layers_of(convolution, layer))):
            continue
        names.append(layer.name)
        if not isinstance(layer, pooling) and shape[1:3] != (1, 1):
            wide.append(layer.name)
    if not names:
        raise _without(estimator)
    return network, names, (wide or names)[-1]


def _layers_of(kinds, layer):
    """A layer if it is of these kinds, or those within a model, in order."""
    if isinstance(layer, kinds):
        yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _layers_of(kinds, inner)


def _shape(layer):
    """Of a layer's output; empty if it has several."""
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):  # a list of them, or used more than once
        return ()


def _without(estimator):
    return TypeError(
        f"The network of {type(estimator).__name__} has no convolution (Conv2D). Pass "
        "an estimator for images, such as CNNClassifier."
    )
