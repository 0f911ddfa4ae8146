"""Residual networks that predict numbers from images."""

from dataclasses import dataclass
from typing import ClassVar

from skdl.base import NeuralRegressor
from skdl.estimators._images import ImageParameters
from skdl.estimators._resnet import ResNet, ResNetParameters


@dataclass(kw_only=True, eq=False, repr=False)
class ResNetRegressor(ResNet, NeuralRegressor, ImageParameters, ResNetParameters):
    """A residual network that predicts one or several numbers from small images.

    A convolution, three stages of blocks with shortcuts around them, the mean over all
    positions, and a dense output layer, trained with the squared error.

    X may be images of shape (n, height, width) or (n, height, width, channels), of
    uint8 or of floats; flat rows, with `image_shape` where they are no grey squares; or
    paths of image files, which are read while the network is trained, so that there may
    be more of them than memory holds. What it does beyond a plain network, and how to
    switch that off: channels are standardised within the network
    (``input_scaling=None``), and so is y (``target_scaling=False``), kernels shrink a
    little (``weight_decay=0``), and the learning rate falls to zero
    (``learning_rate_schedule=None``).

    Parameters
    ----------
    depth : int, default=20
        Number of layers with weights, ``6n + 2`` for n blocks of two convolutions in
        each of the three stages: 8, 14, 20, 26, 32, 44, 56, 110 ...
    version : 1 or 2, default=1
        1 activates after each addition (He et al. 2016a), 2 normalises and activates
        before each convolution (He et al. 2016b), which helps above a hundred layers.
    width : int or float, default=1
        Multiplies the 16, 32 and 64 filters of the stages; wide networks of few layers
        are quicker than narrow ones of many (Zagoruyko & Komodakis 2016).
    shortcut : "identity", "projection" or None, default="identity"
        How a block's input gets past it where the shape changes: every second row and
        column, and channels of zeros (option A of He et al. 2016a), or a learned 1x1
        convolution (option B). None leaves out all shortcuts, also the others: the
        plain network, for comparison.
    activation : str, default="relu"
        Activation of all layers but the output, as in `DenseRegressor`.
    dropout : float, default=0.0
        Share of the inputs of the output layer that is left out in every training step.
    stochastic_depth : float, default=0.0
        Share of images for which the last block is skipped in training; for the blocks
        before it falls linearly (Huang et al. 2016). 0.1 to 0.5 for deep networks.
    l2 : float, default=0.0
        Weight of the sum of squared kernel weights in the loss. The classic recipe is
        ``l2=5e-5`` with "sgd", momentum 0.9 and learning rate 0.1 (there called a decay
        of 1e-4), in place of `weight_decay`.
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
        As in `DenseRegressor`.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.005 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseRegressor`.
    learning_rate_schedule : dict, str, callable or None, default="auto"
        How the learning rate changes, as in `DenseRegressor`. "auto" is the schedule of
        an optimizer instance that has one, else "cosine", which lowers the rate to zero
        over all `epochs`. "cifar" (drops after epochs 80, 120, 160 and 180) is the
        classic recipe of these networks, for 200 epochs. None keeps it constant.
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
        What early stopping watches: "loss", "val_loss", or "auto": the validation loss
        where there are validation images, else the training loss.
    validation_fraction : float or None, default=0.1
        Share of the images set apart for early stopping. None watches the training loss
        instead. Not used if `X_val` is passed to `fit`.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        As in `DenseRegressor`; "auto" is the squared error.
    input_scaling : "standard" or None, default="standard"
        Whether each channel is brought to mean 0 and variance 1 over the training
        images (of files, up to 500 of them). None leaves floats as they are; 0 to 255
        of uint8 become 0 to 1. Either is done by the network's first layer, so that a
        saved model takes images as they come.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        As in `DenseRegressor`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of images, augmentation, dropout and validation
        split. An int gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the network. "float64" is for numerical studies; it takes longer.
    verbose : int, default=0
        1 prints a line for each epoch.
    target_scaling : bool, default=True
        Whether y is standardised for training, as in `DenseRegressor`.

    Attributes
    ----------
    image_shape_ : tuple of int
        ``(height, width, channels)`` of the images.
    n_features_in_ : int
        Number of values of an image.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if X was a data frame with string names.
    history_ : dict of str to list of float
        One value for each epoch: "loss" (mean over the images, with penalties), with
        validation images "val_loss", and "learning_rate".
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from.
    loss_ : float
        Training loss of that epoch.
    n_parameters_ : int
        Number of trainable weights.
    model_ : keras.Model
        From images of shape `image_shape_` to predictions, built when asked for.

    See Also
    --------
    ResNetClassifier : The same for labels.
    CNNRegressor : Plain networks, which are quicker and often enough.
    skdl.preprocessing.load_image_folder : Paths and labels of a folder.

    References
    ----------
    He, K., Zhang, X., Ren, S., & Sun, J. (2015). Delving deep into rectifiers. ICCV.
    The initial weights.

    He, K., Zhang, X., Ren, S., & Sun, J. (2016a). Deep residual learning for image
    recognition. CVPR.

    He, K., Zhang, X., Ren, S., & Sun, J. (2016b). Identity mappings in deep residual
    networks. ECCV.

    Huang, G., Sun, Y., Liu, Z., Sedra, D., & Weinberger, K. (2016). Deep networks with
    stochastic depth. ECCV.

    Zagoruyko, S., & Komodakis, N. (2016). Wide residual networks. BMVC.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl import ResNetRegressor
    >>> X = np.random.default_rng(0).random((200, 8, 8, 3))
    >>> y = X[:, :4].mean(axis=(1, 2, 3))  # how bright the upper half is
    >>> reg = ResNetRegressor(depth=8, epochs=5, random_state=0).fit(X, y)
    >>> reg.predict(X[:5]).shape
    (5,)
    """

    learning_rate_schedule: object = "auto"
    epochs: int = 30
    patience: int = 10

    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **ImageParameters._image_constraints,
        **ResNetParameters._network_constraints,
    }
