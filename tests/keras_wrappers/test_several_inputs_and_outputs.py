"""Networks with several inputs or outputs, which encoders split and join."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import TransformerMixin
from sklearn.metrics import accuracy_score

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    columns,
    compiled_classifier,
    keras_history,
    numbers,
)
from tests.keras_wrappers._several import (
    DictOfInputs,
    KindAndNumber,
    ListOfInputs,
    as_dict,
    as_list,
    by_keras,
    three_classes,
    two_inputs,
    two_outputs,
)

BY_SGD = {**IN_ORDER, "optimizer": "sgd"}


class ListClassifier(ListOfInputs, KerasClassifier):
    pass


class DictClassifier(DictOfInputs, KerasClassifier):
    pass


class ListRegressor(ListOfInputs, KerasRegressor):
    pass


# -- inputs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "split"),
    [
        (ListClassifier, as_list),
        (DictClassifier, as_dict),
        (ListRegressor, as_list),
    ],
)
def test_two_inputs_learn_what_keras_learns(kind, split):
    X, y = classes(3) if issubclass(kind, KerasClassifier) else numbers()
    loss = SPARSE if issubclass(kind, KerasClassifier) else "mse"
    estimator = kind(two_inputs, loss=loss, **BY_SGD, validation_split=0.25)
    model = by_keras(estimator, X, y, loss=loss, optimizer="sgd")
    history = keras_history(model, split(X), y, validation_split=0.25)
    estimator.fit(X, y)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)
    answers = model(split(X)).numpy()
    if loss == "mse":
        assert_allclose(estimator.predict(X), answers[:, 0], rtol=1e-4, atol=1e-5)
    else:
        assert_allclose(estimator.predict_proba(X), answers, rtol=1e-4)
        assert_array_equal(estimator.predict(X), answers.argmax(axis=1))


def test_weights_of_rows_with_two_inputs():
    X, y = numbers()
    weight = np.linspace(0.5, 2, len(X))
    estimator = ListRegressor(two_inputs, loss="mse", **BY_SGD)
    model = by_keras(estimator, X, y, loss="mse", optimizer="sgd")
    keras_history(model, as_list(X), y, sample_weight=weight.astype("float32"))
    assert_same_weights(estimator.fit(X, y, sample_weight=weight).model_, model)


def test_two_inputs_from_one_table_of_images():
    """X has more than two dimensions, and its parts are of different rank."""

    class Split(KerasRegressor):
        @property
        def feature_encoder(self):
            return Parts()

    class Parts(TransformerMixin):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return {"image": X, "mean": X.mean(axis=(1, 2))[:, np.newaxis]}

    def network(meta):
        image = keras.Input(meta["X_shape_"][1:], name="image")
        mean = keras.Input((1,), name="mean")
        flat = keras.layers.Concatenate()([keras.layers.Flatten()(image), mean])
        return keras.Model([image, mean], keras.layers.Dense(1)(flat))

    X, y = columns().reshape(-1, 2, 2), numbers()[1]
    estimator = Split(network, loss="mse", **QUICK).fit(X, y)
    assert estimator.X_shape_ == (60, 2, 2)
    assert estimator.predict(X).shape == (60,)
    flat = np.column_stack([X.reshape(60, 4), X.mean(axis=(1, 2))])
    kernel, bias = estimator.model_.get_weights()
    expected = (flat @ kernel + bias)[:, 0]
    assert_allclose(estimator.predict(X), expected, rtol=1e-4, atol=1e-5)


# -- outputs ---------------------------------------------------------------------------


class TwoOutputs(KerasClassifier):
    """Two columns of labels, one for each output of ``two_outputs``."""

    @property
    def target_encoder(self):
        return KindAndNumber()

    @staticmethod
    def scorer(y_true, y_pred, sample_weight=None):
        pairs = zip(y_true.T, y_pred.T, strict=True)
        return np.mean([accuracy_score(true, pred) for true, pred in pairs])


LOSSES = {
    "list": ["binary_crossentropy", SPARSE],
    "dict": {"kind": "binary_crossentropy", "number": SPARSE},
}


def pairs_of_labels():
    """X and two columns, of 3 and 7, and of 0, 1 and 2."""
    X, number = classes(3)
    return X, np.column_stack([np.where(X[:, 2] > 0, 3, 7), number])


@pytest.mark.parametrize(
    ("form", "metrics"),
    [("list", None), ("dict", {"kind": "accuracy"})],
    ids=["list", "dict, metrics"],
)
def test_two_outputs_learn_what_keras_learns(form, metrics):
    X, y = pairs_of_labels()
    loss = LOSSES[form]
    estimator = TwoOutputs(two_outputs, loss=loss, metrics=metrics, **BY_SGD)
    model = by_keras(estimator, X, y, loss=loss, metrics=metrics, optimizer="sgd")
    encoded = [(y[:, 0] == 7).astype(int), y[:, 1]]
    history = keras_history(model, X, encoded)
    estimator.fit(X, y)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)
    kind, number = (output.numpy() for output in model(X))
    expected = np.column_stack([np.where(kind > 0.5, 7, 3), number.argmax(axis=1)])
    assert_array_equal(estimator.predict(X), expected)
    assert_allclose(estimator.predict_proba(X), np.hstack([kind, number]), rtol=1e-4)
    assert estimator.score(X, y) == np.mean(expected == y)


def test_what_the_encoder_tells_of_two_outputs():
    X, y = pairs_of_labels()
    estimator = TwoOutputs(two_outputs, loss=LOSSES["list"], **QUICK).fit(X, y)
    assert estimator.n_outputs_ == estimator.n_outputs_expected_ == 2
    assert estimator.n_classes_ == [2, 3]
    for found, expected in zip(estimator.classes_, ([3, 7], [0, 1, 2]), strict=True):
        assert_array_equal(found, expected)


def test_outputs_as_a_dictionary():
    X, y = pairs_of_labels()
    outputs = "kind", "number"

    def network(meta):
        model = two_outputs(meta)
        named = dict(zip(outputs, model.outputs, strict=True))
        return keras.Model(model.inputs, named)

    class ByName(TwoOutputs):
        @property
        def target_encoder(self):
            return KindAndNumber(names=outputs)

    by_name = ByName(network, loss=LOSSES["dict"], **BY_SGD).fit(X, y)
    in_a_list = TwoOutputs(two_outputs, loss=LOSSES["list"], **BY_SGD).fit(X, y)
    assert_allclose(by_name.predict_proba(X), in_a_list.predict_proba(X), rtol=1e-4)
    assert_array_equal(by_name.predict(X), in_a_list.predict(X))


def test_partial_fit_with_two_outputs():
    X, y = pairs_of_labels()
    whole = TwoOutputs(two_outputs, loss=LOSSES["list"], **BY_SGD).fit(X, y)
    in_parts = TwoOutputs(two_outputs, loss=LOSSES["list"], **BY_SGD)
    in_parts.partial_fit(X, y).partial_fit(X, y)
    assert_allclose(in_parts.predict_proba(X), whole.predict_proba(X), rtol=1e-4)
    assert_same_history(in_parts, whole.history_)


def test_network_with_more_outputs_than_the_encoder_has():
    X, y = classes(2)

    def network(meta):
        return two_outputs(meta)

    estimator = KerasClassifier(network, loss=LOSSES["list"], **QUICK)
    with pytest.raises(ValueError, match=r"\b1\b.* has 2 outputs"):
        estimator.fit(X, y)


def test_network_with_fewer_outputs_than_the_encoder_has():
    X, y = pairs_of_labels()

    def network(meta):
        return compiled_classifier(
            {**meta, "target_type_": "multiclass", "n_classes_": 3},
            {"loss": SPARSE},
        )

    with pytest.raises(ValueError, match=r"\b2\b.* has 1 outputs"):
        TwoOutputs(network, **QUICK).fit(X, y)


# -- what is said ----------------------------------------------------------------------


def test_own_fit_is_told_at_verbose_1_only(capfd):
    X, y = classes(3)
    estimator = ListClassifier(two_inputs, loss=SPARSE, **QUICK).fit(X, y)
    estimator.predict(X)
    estimator.predict_proba(X)
    assert capfd.readouterr() == ("", "")
    estimator.set_params(verbose=1).fit(X, y)
    told = "".join(capfd.readouterr())
    assert "inputs" in told
    assert "Epoch 2/2" in told


def test_standard_network_is_not_said_to_go_another_way(capfd):
    three_classes(verbose=1).fit(*classes(3))
    told = "".join(capfd.readouterr())
    assert "inputs" not in told
    assert "Model.fit" not in told


# -- autoencoder -----------------------------------------------------------------------


class AutoEncoder(TransformerMixin, KerasRegressor):
    """SciKeras's example: a network that learns X, and two that share its layers."""

    def _keras_build_fn(self, encoding_dim, meta):
        n_features = meta["n_features_in_"]
        encoder = keras.Sequential(
            [keras.Input((n_features,)), keras.layers.Dense(encoding_dim)]
        )
        decoder = keras.Sequential(
            [keras.Input((encoding_dim,)), keras.layers.Dense(n_features)]
        )
        inputs = keras.Input((n_features,))
        self.encoder_model_ = KerasRegressor(encoder, verbose=self.verbose)
        self.decoder_model_ = KerasRegressor(decoder, verbose=self.verbose)
        return keras.Model(inputs, decoder(encoder(inputs)))

    def _initialize(self, X, y=None):
        X, _ = super()._initialize(X=X, y=X)
        codes = self.encoder_model_.initialize(X, X).model_.predict(X, verbose=0)
        self.encoder_model_.initialize(X, codes)
        self.decoder_model_.initialize(codes, X)
        return X, X

    def initialize(self, X):
        self._initialize(X)
        return self

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, X, sample_weight=sample_weight)

    def transform(self, X):
        return self.encoder_model_.predict(self.feature_encoder_.transform(X))

    def inverse_transform(self, codes):
        return self.decoder_model_.predict(codes)


def test_autoencoder_of_the_documentation():
    X = columns()
    auto = AutoEncoder(
        loss="mse",
        encoding_dim=2,
        optimizer="adam",
        optimizer__learning_rate=0.05,
        **{**QUICK, "epochs": 40},
    )
    codes = auto.fit_transform(X)
    assert codes.shape == (60, 2)
    assert auto.history_["loss"][-1] < 0.7 * auto.history_["loss"][0]
    encoder, decoder = auto.encoder_model_.model_, auto.decoder_model_.model_
    expected = X @ encoder.get_weights()[0] + encoder.get_weights()[1]
    assert_allclose(codes, expected, rtol=1e-4, atol=1e-5)
    back = auto.inverse_transform(codes)
    expected = codes @ decoder.get_weights()[0] + decoder.get_weights()[1]
    assert_allclose(back, expected, rtol=1e-4, atol=1e-5)
    assert_allclose(back, auto.predict(X), rtol=1e-4, atol=1e-5)


def test_autoencoder_is_initialized_without_targets():
    X = columns()
    auto = AutoEncoder(loss="mse", encoding_dim=2, **QUICK).initialize(X)
    assert auto.transform(X).shape == (60, 2)
    assert auto.inverse_transform(auto.transform(X)).shape == X.shape
