"""Convolutional networks that classify images."""

from dataclasses import dataclass
from typing import ClassVar

from skdl.base import NeuralClassifier
from skdl.estimators._cnn import CNN, CNNParameters
from skdl.estimators._images import ImageParameters


@dataclass(kw_only=True, eq=False, repr=False)
class CNNClassifier(CNN, NeuralClassifier, ImageParameters, CNNParameters):
    """A convolutional network that classifies images.

    Blocks of convolution, batch normalisation, activation and pooling, then dense
    layers, trained with the log loss. Two classes have one sigmoid output, more classes
    a softmax, an indicator matrix one sigmoid for each label.

    X may be images of shape (n, height, width) or (n, height, width, channels), of
    uint8 or of floats; flat rows, with `image_shape` where they are no grey squares; or
    paths of image files, which are read while the network is trained, so that there may
    be more of them than memory holds. What it does beyond a plain network, and how to
    switch that off: channels are standardised within the network
    (``input_scaling=None``), kernels shrink a little (``weight_decay=0``), and the
    learning rate falls to zero (``learning_rate_schedule=None``).

    Parameters
    ----------
    filters : "auto", int or tuple, default="auto"
        Number of filters of each block: convolution, batch normalisation, activation,
        pooling. An entry that is a tuple makes several convolutions before the pooling:
        ``((32, 32), (64, 64))``. "auto" takes as many blocks as bring the longer side
        of the image to at most 4, from two to five, of 32, 64, 128, 256 and 256
        filters.
    kernel_size : int or tuple, default=3
        Side of the square windows of the convolutions: one number, or one for each
        block. In place of a number there may be a pair, height and width:
        ``kernel_size=((1, 5), (1, 3))``.
    strides : int or tuple, default=1
        Steps of the windows of a block's first convolution, given as `kernel_size` is.
        2 halves height and width, and can replace the pooling.
    padding : "same" or "valid", default="same"
        "same" puts zeros around what a convolution sees, so that it keeps its size;
        "valid" takes whole windows only.
    pool_size : int or tuple, default=2
        Side of the windows of pooling, given as `kernel_size` is.
    pooling : "auto", "pyramid", "global", "max", "average" or None, default="auto"
        What a block ends with. "pyramid": the maximum over each window, and in the
        last block the mean and the maximum over all positions and the mean over each
        quarter of the image, six features for each filter (spatial pyramid pooling):
        the object may be anywhere, and of any size. "global": the same with the mean
        over all positions alone. "max" and "average": the maximum or the mean over each
        window, in the last block too, which leaves one feature for each filter and
        position. "auto": "max" where that leaves no more than 8 positions, as of 8 x 8
        pixels after two blocks or of a strip, else "pyramid". None: nothing.
    hidden_units : tuple of int, int or Pyramid, default=(128,)
        Units of each dense layer between the blocks and the output; ``()`` for none.
    activation : str, default="relu"
        Activation of all layers but the output, as in `DenseClassifier`.
    dropout : float or tuple of float, default=0.3
        Share of the inputs of every dense layer, the output layer included, that is
        left out at random in every training step; one number, or one for each of these
        layers.
    batch_norm : bool, default=True
        Whether what a convolution gives is normalised within the batch, and what a
        dense layer of more than 256 inputs gives within the image (layer
        normalisation). Trains quicker and more surely; without the latter, a dense
        layer behind thousands of features may never answer again after a few steps.
    l1, l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared kernel weights in the loss, for
        all layers (output included), or one number for each block and then each dense
        layer of `hidden_units`. `weight_decay` is the better way to shrink them all.
    activity_l1, activity_l2 : float or tuple of float, default=0.0
        The same for the activations of blocks and hidden layers, averaged over the
        batch.
    augment : str, keras.Layer, list of these, or None, default=None
        How training images are varied, anew in every step: "flip" (left to right, half
        of them), "crop" (moved by up to an eighth), "rotate" (by up to 15 degrees),
        "zoom" (by up to 15 %), "color" (brightness, contrast, saturation),
        "randaugment" (two of many operations; Cubuk et al. 2020), "mixup" (Zhang et al.
        2018) and "cutmix" (Yun et al. 2019), which mix two images and their targets, or
        layers of Keras, which see images as they are given. Operations are applied in
        the order given, mixtures last. Take what leaves the answer the same: no "flip"
        for digits.
    weight_decay : float, default=3.0
        How much kernels shrink, apart from what the loss does to them, by the end of a
        training: with the cosine schedule by a factor of ``exp(-weight_decay / 2)``,
        with a constant learning rate by ``exp(-weight_decay)``, however many images
        there are; in less than 300 steps by less. Biases and batch normalisation are
        spared.
    image_shape : tuple of int, int or None, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are given as
        flat rows. None takes rows whose length is a square for grey squares, and other
        rows of less than 64 numbers for strips of height 1.
    image_size : tuple of int, int or None, default=None
        ``(height, width)`` to which files are brought where X holds paths.
    color_mode : "rgb", "grayscale" or "rgba", default="rgb"
        Channels of files where X holds paths.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        As in `DenseClassifier`.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.002 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseClassifier`.
    learning_rate_schedule : dict, str, callable or None, default="auto"
        How the learning rate changes, as in `DenseClassifier`. "auto" is the schedule
        of an optimizer instance that has one, else "cosine", which lowers the rate to
        zero over all `epochs`. None keeps it constant.
    batch_size : int, "full" or "auto", default="auto"
        Images per step. "auto" takes all as one batch up to 32, and else a power of two
        near a sixteenth of them, from 16 to 128; less, but at least 16, for images of
        more than 90 x 90 pixels. In full batches equal images count as one with the sum
        of their weights.
    epochs : int, default=30
        Passes over the training images, at most.
    early_stopping : bool or "auto", default="auto"
        Whether training ends when `monitor` no longer improves, and returns to the best
        epoch. "auto" does so if `X_val` is passed to `fit`, or from 2,000 images on
        unless the learning rate falls after given epochs (a dict, or "cifar").
    patience : int, default=10
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement of `monitor`.
    monitor : str, default="auto"
        What early stopping watches: "loss", "val_loss", "val_accuracy", or "auto": the
        validation loss where there are validation images, else the training loss.
    validation_fraction : float or None, default=0.1
        Share of the images set apart for early stopping (stratified). None watches the
        training loss instead. Not used if `X_val` is passed to `fit`.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        As in `DenseClassifier`; "auto" is the log loss.
    input_scaling : "standard" or None, default="standard"
        Whether each channel is brought to mean 0 and variance 1 over the training
        images (of files, up to 500 of them). None leaves floats as they are; 0 to 255
        of uint8 become 0 to 1. Either is done by the network's first layer, so that a
        saved model takes images as they come.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        As in `DenseClassifier`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of images, augmentation, dropout and validation
        split. An int gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the network. "float64" is for numerical studies; it takes longer.
    verbose : int, default=0
        1 prints a line for each epoch.
    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of the images of each label, as in `DenseClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    image_shape_ : tuple of int
        ``(height, width, channels)`` of the images.
    n_features_in_ : int
        Number of values of an image.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if X was a data frame with string names.
    history_ : dict of str to list of float
        One value for each epoch: "loss" (mean over the images, with penalties), with
        validation images "val_loss" and "val_accuracy", and "learning_rate".
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from.
    loss_ : float
        Training loss of that epoch.
    n_parameters_ : int
        Number of trainable weights.
    model_ : keras.Model
        From images of shape `image_shape_` to probabilities, built when asked for.

    See Also
    --------
    CNNRegressor : The same for numbers.
    ResNetClassifier : Deeper networks, with shortcuts.
    skdl.preprocessing.load_image_folder : Paths and labels of a folder.
    skdl.display.GradCAMDisplay : Where in the image the network looked.

    References
    ----------
    LeCun, Y., Bottou, L., Bengio, Y., & Haffner, P. (1998). Gradient-based learning
    applied to document recognition. Proceedings of the IEEE, 86(11).

    Simonyan, K., & Zisserman, A. (2015). Very deep convolutional networks for
    large-scale image recognition. ICLR. Blocks of small windows.

    Ioffe, S., & Szegedy, C. (2015). Batch normalization. ICML.

    He, K., Zhang, X., Ren, S., & Sun, J. (2014). Spatial pyramid pooling in deep
    convolutional networks for visual recognition. ECCV.

    Loshchilov, I., & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.

    Loshchilov, I., & Hutter, F. (2017). SGDR: Stochastic gradient descent with warm
    restarts. ICLR. The cosine.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier
    >>> digits = load_digits()
    >>> X, y = digits.images[:300], digits.target[:300]
    >>> clf = CNNClassifier(filters=(16, 32), random_state=0).fit(X, y)
    >>> clf.predict(X[:3])
    array([0, 1, 2])
    >>> clf.image_shape_
    (8, 8, 1)
    """

    dropout: float | tuple = 0.3
    learning_rate_schedule: object = "auto"
    epochs: int = 30
    patience: int = 10

    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **ImageParameters._image_constraints,
        **CNNParameters._network_constraints,
    }
