"""The one table of estimators under test: name -> a function that makes one."""

from functools import partial

from skdl import (
    CNNClassifier,
    CNNRegressor,
    DenseClassifier,
    DenseRegressor,
    LSTMClassifier,
    LSTMRegressor,
    Pyramid,
    ResNetClassifier,
    ResNetRegressor,
    TabularClassifier,
    TabularRegressor,
)

# The default forms, then forms which between them use most of the parameters.
INSTANCES = {
    "DenseClassifier": DenseClassifier,
    "DenseRegressor": DenseRegressor,
    "TabularClassifier": TabularClassifier,
    "TabularRegressor": TabularRegressor,
    "CNNClassifier": CNNClassifier,
    "CNNRegressor": CNNRegressor,
    # deeper ones trace longer
    "ResNetClassifier": partial(ResNetClassifier, depth=8, epochs=6),
    "ResNetRegressor": partial(ResNetRegressor, depth=8, epochs=6),
    "LSTMClassifier": LSTMClassifier,
    "LSTMRegressor": LSTMRegressor,
    "DenseClassifier-pyramid": partial(
        DenseClassifier,
        hidden_units=Pyramid(neuron_pct=0.3, max_units=100, min_units=5),
        activation="selu",
        l2=1e-3,
        optimizer="sgd",
        momentum=0.9,
        nesterov=True,
        loss="focal",
        dtype="float64",
    ),
    "DenseRegressor-unscaled": partial(
        DenseRegressor,
        hidden_units=[50],
        activation="prelu",
        l1=(1e-5,),
        optimizer="nadam",
        learning_rate=0.02,
        learning_rate_schedule="one_cycle",
        loss="huber",
        input_scaling=None,
        target_scaling=False,
    ),
    "DenseClassifier-noisy": partial(
        DenseClassifier,
        hidden_units=(16, 8),
        dropout=(0.2, 0.1),
        batch_norm=True,
        class_weight="balanced",
        batch_size=16,
        early_stopping=True,
        validation_fraction=0.25,
        epochs=20,
    ),
    "DenseRegressor-noisy": partial(
        DenseRegressor,
        hidden_units=(16,),
        activation="gelu",
        dropout=0.2,
        activity_l2=1e-4,
        batch_size=16,
        early_stopping=True,
        monitor="loss",
        epochs=20,
    ),
    "TabularClassifier-two": partial(
        TabularClassifier,
        n_members=2,
        hidden_units=[16],
        activation="relu",
        dropout=0.0,
        weight_decay=0.0,
        numeric_embedding="periodic",
        optimizer="sgd",
        momentum=0.9,
        learning_rate=0.02,
        learning_rate_schedule=None,
        validation_fraction=0.25,
        input_scaling="standard",
        dtype="float64",
    ),
    "TabularRegressor-linear": partial(
        TabularRegressor,
        n_members=1,
        hidden_units=(),
        numeric_embedding=None,
        optimizer="adamw",
        early_stopping=False,
        loss="huber",
        input_scaling=None,
        clip_predictions=False,
    ),
    "CNNClassifier-plain": partial(
        CNNClassifier,
        filters=((4, 4), 8),
        kernel_size=(2, (1, 3)),
        pooling="average",
        hidden_units=(),
        activation="prelu",
        batch_norm=False,
        weight_decay=0.0,
        l2=(1e-4, 1e-4),
        optimizer="sgd",
        momentum=0.9,
        learning_rate=0.02,
        learning_rate_schedule=None,
        dtype="float64",
    ),
    "CNNRegressor-noisy": partial(
        CNNRegressor,
        filters=(8,),
        pooling="global",
        hidden_units=(8,),
        dropout=0.2,
        augment=("flip", "mixup"),
        batch_size=16,
        early_stopping=True,
        epochs=20,
    ),
    "ResNetClassifier-noisy": partial(
        ResNetClassifier,
        depth=8,
        version=2,
        width=0.25,
        shortcut="projection",
        stochastic_depth=0.2,
        augment="crop",
        batch_size=16,
        early_stopping=True,
        epochs=20,
    ),
    "LSTMClassifier-plain": partial(
        LSTMClassifier,
        units=(6, 4),
        cell="gru",
        bidirectional=True,
        pooling="attention",
        hidden_units=(5,),
        activation="prelu",
        weight_decay=0.0,
        optimizer="sgd",
        momentum=0.9,
        learning_rate=0.1,
        learning_rate_schedule=None,
        dtype="float64",
    ),
    "LSTMRegressor-noisy": partial(
        LSTMRegressor,
        units=8,
        conv_filters=(8, 6),
        kernel_size=(3, 2),
        pool_size=(1, 2),
        pooling="max",
        dropout=0.1,
        recurrent_dropout=0.1,
        batch_size=16,
        early_stopping=True,
        epochs=20,
    ),
}

RESNETS = ["ResNetClassifier", "ResNetRegressor"]  # like CNNs but for the network
DEFAULTS = [name for name in INSTANCES if "-" not in name and name not in RESNETS]
DENSE = [name for name in INSTANCES if name.startswith("Dense")]
CLASSIFIERS = [name for name in DEFAULTS if name.endswith("Classifier")]
REGRESSORS = [name for name in DEFAULTS if name.endswith("Regressor")]

# What these compute for a row depends on the rows beside it and on their order, so
# that two rows are not the same as one of weight two.
NOISY = [name for name in INSTANCES if name.endswith("-noisy")]


# Those of scikit-learn's checks that ask for good predictions.
CHECKS_OF_LEARNING = {
    "check_classifiers_train",
    "check_regressors_train",
    "check_class_weight_classifiers",
    "check_classifiers_one_label_sample_weights",
}


def narrow(name):
    """Parameters of a network with few units, quick to trace and to train."""
    if name.startswith("ResNet"):
        return {"width": 0.25}
    if name.startswith("CNN"):
        return {"hidden_units": (8,), "filters": (8,), "dropout": 0.0}
    if name.startswith("LSTM"):
        return {"hidden_units": (8,), "units": 8}
    return {"hidden_units": (8,)}


def quick(name, **parameters):
    """An instance of a form; of a default form one that is quick to trace and to train.

    The others are so by themselves.
    """
    few = {} if "-" in name else narrow(name)
    few.pop("dropout", None)
    return INSTANCES[name](**{**few, **parameters})


def small(name="DenseClassifier", **parameters):
    """An instance with one narrow layer, a few epochs and a fixed seed."""
    few = {**narrow(name), "epochs": 5, "random_state": 0}
    return INSTANCES[name](**{**few, **parameters})
