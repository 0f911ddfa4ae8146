"""Forty small faults, each in another module; see `benchmarks.planted_faults`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault.

    Parameters
    ----------
    places : list of (str, str, str)
        A file within ``skdl``, a text that is in it once, and what stands in its
        place. The first place that is there counts: code moves.
    tests : str
        Files of tests that probably find it, the likeliest first.
    kind : str
        What was done.
    """

    places: list
    tests: str
    kind: str


def _in(kind, file, old, new, tests):
    return Fault([(file, old, new)], tests, kind)


_MIXED = "(partner[0], (1 - share) * partner[1])", "(partner[0], (1 - share) * weight)"

FAULTS = {
    "spread between parts": _in(
        "flipped sign",
        "_moments.py",
        "between = share * (1 - share)",
        "between = share * (1 + share)",
        "tests/base/test_rescaled.py",
    ),
    "rows as a mask": _in(
        "dropped case",
        "_splits.py",
        "return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)",
        "return rows.astype(np.intp)",
        "tests/test_splits.py tests/ensemble tests/model_selection",
    ),
    "few validation rows": _in(
        "off by one",
        "_scales.py",
        "if len(numbers) < LEAST_ROWS",
        "if len(numbers) <= LEAST_ROWS",
        "tests/test_scales.py",
    ),
    "scales unchanged": _in(
        "and/or",
        "_inputs.py",
        "if (mean == self.mean).all() and (variance == self.variance).all():",
        "if (mean == self.mean).all() or (variance == self.variance).all():",
        "tests/test_inputs.py tests/base/test_rescaled.py",
    ),
    "peak of one cycle": _in(
        "off by one",
        "training/_schedules.py",
        "top = max(0.3 * total - 1, 0)",
        "top = max(0.3 * total, 0)",
        "tests/training/test_schedules.py",
    ),
    "weights of a part": _in(
        "dropped weight",
        "training/_data.py",
        "of_part = weight[rows] * (len(rows) / weight[rows].sum())",
        "of_part = weight[rows]",
        "tests/training/test_data.py tests/estimators/test_tabular_members.py",
    ),
    "seed of dropout": _in(
        "wrong constant",
        "training/_weights.py",
        "np.array([rng.integers(2**31), 0], value.dtype)",
        "np.array([rng.integers(1), 0], value.dtype)",
        "tests/training/test_weights.py tests/test_reproducible.py",
    ),
    "variables without decay": _in(
        "dropped check",
        "training/_optimizers.py",
        "            and self.no_decay is None\n",
        "",
        "tests/training/test_optimizers.py tests/training/test_tensorflow.py",
    ),
    "least improvement": _in(
        "flipped sign",
        "training/_loop.py",
        "self._value - self._stopping.min_delta",
        "self._value + self._stopping.min_delta",
        "tests/training/test_loop.py",
    ),
    "epsilon of Keras": _in(
        "dropped entry",
        "training/_identity.py",
        "        config.epsilon(),\n",
        "",
        "tests/training/test_identity.py tests/estimators/test_changed_functions.py",
    ),
    "keyword defaults": _in(
        "dropped entry",
        "training/_description.py",
        "            self.at(value.__kwdefaults__),\n",
        "",
        "tests/training/test_description.py tests/training/test_identity.py",
    ),
    "stop of another listener": _in(
        "overwritten",
        "training/_keras_callbacks.py",
        "run.stop |= bool(self._model.stop_training)",
        "run.stop = bool(self._model.stop_training)",
        "tests/training/test_sklearn_callbacks.py "
        "tests/training/test_keras_callbacks.py",
    ),
    "half of a mixture": Fault(
        [
            ("training/_tensorflow/_trainer.py", *_MIXED),
            ("networks/_augment.py", *_MIXED),
        ],
        "tests/training/test_images.py tests/networks/test_augment.py",
        "wrong operand",
    ),
    "dropout of inputs": _in(
        "wrong attribute",
        "training/_tensorflow/_recurrent.py",
        "if training and layer.dropout:",
        "if training and layer.recurrent_dropout:",
        "tests/training/test_recurrent.py",
    ),
    "unbiased variance": _in(
        "dropped factor",
        "training/_tensorflow/_batch_norm.py",
        "        variance *= tf.maximum(n - 1, 1) / n\n",
        "",
        "tests/training/test_batch_norm.py",
    ),
    "layers in training": _in(
        "changed default",
        "training/_tensorflow/_inner.py",
        "activations, outputs = inner(X, training=False)",
        "activations, outputs = inner(X, training=True)",
        "tests/display/test_grad_cam.py",
    ),
    "room for a class": _in(
        "off by one",
        "base/_rows.py",
        "if np.count_nonzero(counts > 1) > room:",
        "if np.count_nonzero(counts > 1) >= room:",
        "tests/test_early_stopping.py",
    ),
    "what a failed fit leaves": _in(
        "forgotten restore",
        "base/_together.py",
        "        self.estimator.__dict__.clear()\n",
        "",
        "tests/test_together.py",
    ),
    "logit of one": _in(
        "dropped guard",
        "base/_classifier.py",
        "ops.log(ops.maximum(1 - answers, limits.epsneg))",
        "ops.log(1 - answers)",
        "tests/training/test_keras_callbacks.py",
    ),
    "units of callbacks": _in(
        "flipped sign",
        "base/_regressor.py",
        "return (y - mean.astype(self.dtype)) / scale.astype(self.dtype)",
        "return (y + mean.astype(self.dtype)) / scale.astype(self.dtype)",
        "tests/training/test_keras_callbacks.py",
    ),
    "unchanged after an error": _in(
        "missing copy",
        "base/_unchanged.py",
        "before = self.__dict__.copy()",
        "before = self.__dict__",
        "tests/test_errors.py tests/test_going_on.py",
    ),
    "rows to stop early": _in(
        "off by one",
        "estimators/_lstm.py",
        "return validation is not None or n_rows >= STOPPING_ROWS",
        "return validation is not None or n_rows > STOPPING_ROWS",
        "tests/estimators/test_lstm.py tests/test_early_stopping.py",
    ),
    "columns that are embedded": _in(
        "off by one",
        "estimators/_tabular.py",
        "n_columns <= EMBEDDED_COLUMNS",
        "n_columns < EMBEDDED_COLUMNS",
        "tests/estimators/test_tabular.py tests/estimators/test_tabular_training.py",
    ),
    "rates that fall later": _in(
        "dropped condition",
        "estimators/_images.py",
        "return n_rows >= STOPPING_ROWS and not falls_later",
        "return n_rows >= STOPPING_ROWS",
        "tests/estimators/test_images.py tests/test_early_stopping.py",
    ),
    "covariates of later blocks": _in(
        "a wrong slice",
        "estimators/_forecast_model.py",
        "parts.append(known[:, start : start + self.window])",
        "parts.append(known[:, : self.window])",
        "tests/estimators/test_forecaster.py tests/estimators/test_lstm_forecaster.py",
    ),
    "probabilities of two classes": _in(
        "swapped",
        "estimators/_keras_classifier.py",
        "return np.column_stack([1 - y, y])",
        "return np.column_stack([y, 1 - y])",
        "tests/keras_wrappers",
    ),
    "probability of dropping a block": _in(
        "input check",
        "networks/_resnet.py",
        "if not 0 <= share < 1:",
        "if not 0 <= share <= 1:",
        "tests/networks/test_resnet.py tests/test_errors.py",
    ),
    "periodic waves": _in(
        "dropped factor",
        "networks/_tabular.py",
        "(2 * math.pi * self.frequencies)",
        "(math.pi * self.frequencies)",
        "tests/networks/test_tabular.py",
    ),
    "share of a box": _in(
        "complement",
        "networks/_mixing.py",
        "return kept, 1 - n_pixels / (height * width)",
        "return kept, n_pixels / (height * width)",
        "tests/networks/test_augment.py",
    ),
    "alpha of the focal loss": _in(
        "input check",
        "losses/_classification.py",
        "lambda alpha: 0 < alpha < 1,",
        "lambda alpha: 0 <= alpha < 1,",
        "tests/losses tests/test_errors.py",
    ),
    "constant of log-cosh": _in(
        "dropped constant",
        "losses/_regression.py",
        "return error + ops.softplus(-2.0 * error) - log(2.0)",
        "return error + ops.softplus(-2.0 * error)",
        "tests/losses/test_regression.py",
    ),
    "weights of several labels": _in(
        "wrong reduction",
        "_targets/_labels.py",
        "y.astype(int)].prod(axis=1)",
        "y.astype(int)].max(axis=1)",
        "tests/test_targets.py",
    ),
    "weights of steps": _in(
        "dropped weight",
        "_targets/_steps.py",
        "return (weight[:, np.newaxis] * shares)[of_steps > 0]",
        "return shares[of_steps > 0]",
        "tests/estimators/test_lstm_steps.py tests/test_targets.py",
    ),
    "missing in all rows": _in(
        "part of the rows",
        "_tables/_columns.py",
        "        empty[i] = np.isnan(codes[:, i]).all()\n",
        "        empty[i] = np.isnan(codes[:2, i]).all()\n",
        "tests/tables/test_columns.py tests/tables",
    ),
    "crop at the centre": _in(
        "dropped factor",
        "_images/_decode.py",
        "top = max(0, height - target[1] / scale) / 2",
        "top = max(0, height - target[1] / scale)",
        "tests/images/test_decode.py",
    ),
    "tokens that are too large": _in(
        "input check",
        "_sequences/_check.py",
        "later = wrong & (np.floor(X) == X) & (limit <= X) & (X < MANY_TOKENS)",
        "later = wrong & (np.floor(X) == X) & (limit < X) & (X < MANY_TOKENS)",
        "tests/sequences/test_check.py tests/estimators/test_lstm_tokens.py",
    ),
    "tags of a transformer": _in(
        "contract",
        "preprocessing/_per_feature.py",
        "            tags.transformer_tags = copy.deepcopy(theirs.transformer_tags)\n",
        "            pass\n",
        "tests/preprocessing/test_per_feature.py",
    ),
    "margin of new rows": _in(
        "swapped",
        "model_selection/_resampling.py",
        'record["n_test"] / record["n_train"]',
        'record["n_train"] / record["n_test"]',
        "tests/model_selection/test_bootstrap.py tests/model_selection",
    ),
    "scores of pruned trials": _in(
        "off by one",
        "model_selection/_trials.py",
        "max(np.nanmax(means[pruned]) - complete.min(), 0) + 1",
        "max(np.nanmax(means[pruned]) - complete.min(), 0)",
        "tests/model_selection/test_pruning.py tests/model_selection",
    ),
    "rows in several test folds": _in(
        "overwritten",
        "ensemble/_folds.py",
        "        total[fold.test] += fold.answer\n",
        "        total[fold.test] = fold.answer\n",
        "tests/ensemble/test_fold_ensemble.py tests/ensemble",
    ),
}
