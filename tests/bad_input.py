"""The table of wrong calls, and what their messages must say: value, then remedy."""

from datetime import date

import keras
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import clone

from skdl import Pyramid
from skdl.losses import Huber
from tests.instances import DEFAULTS


def put(value, X, row=3, column=1):
    """X with another value in one place."""
    X = np.array(X, dtype=np.result_type(X, np.asarray(value)))
    X[row, column] = value
    return X


def frame(X, **columns):
    return pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(**columns)


def given(**parameters):
    """A call that fits good data with some parameters changed."""
    return lambda e, X, y: e.set_params(**parameters).fit(X, y)


def go_on(method, **parameters):
    """A call that trains further on good data with some parameters changed."""
    parameters["warm_start"] = True
    return lambda e, X, y: getattr(e.set_params(**parameters), method)(X, y)


def mean_loss(y_true, y_pred):
    return keras.ops.mean(y_true - y_pred)


DAY = np.datetime64("2020-02-29")

# name -> (call(estimator, X, y), what the message says: value, then remedy)
BAD_X = {
    "NaN": (
        lambda e, X, y: e.fit(put(np.nan, X), y),
        r"contains NaN \(row 3, column 1\).*SimpleImputer.*Pipeline",
    ),
    "NaN in a frame": (
        lambda e, X, y: e.fit(frame(put(np.nan, X)), y),
        r"contains NaN \(row 3, column 'b'\).*SimpleImputer",
    ),
    "NaN in a sparse X": (
        lambda e, X, y: e.fit(sp.csr_array(put(np.nan, X)), y),
        r"contains NaN \(row 3, column 1\).*SimpleImputer",
    ),
    "missing nullable": (
        lambda e, X, y: e.fit(frame(X, a=pd.array([pd.NA] * 150, "Int64")), y),
        r"contains NaN \(row 0, column 'a'\).*SimpleImputer",
    ),
    "None": (
        lambda e, X, y: e.fit(frame(X, b=[None] * 150), y),
        r"contains NaN \(row 0, column 'b'\).*SimpleImputer",
    ),
    "NaN in predict": (
        lambda e, X, y: e.predict(put(np.nan, X)),
        r"contains NaN \(row 3, column 1\).*SimpleImputer",
    ),
    "NaN in X_val": (
        lambda e, X, y: e.fit(X, y, X_val=put(np.nan, X), y_val=y),
        r"X_val contains NaN \(row 3, column 1\).*SimpleImputer",
    ),
    "NaN in partial_fit": (
        lambda e, X, y: e.partial_fit(put(np.nan, X), y),
        r"contains NaN \(row 3, column 1\).*SimpleImputer",
    ),
    "infinity": (
        lambda e, X, y: e.fit(put(-np.inf, X), y),
        r"contains infinity \(row 3, column 1\). Replace",
    ),
    "empty": (lambda e, X, y: e.fit(X[:0], y[:0]), "0 sample.*minimum of 1"),
    "empty in predict": (lambda e, X, y: e.predict(X[:0]), "0 sample.*minimum of 1"),
    "empty X_val": (
        lambda e, X, y: e.fit(X, y, X_val=X[:0], y_val=y[:0]),
        "0 sample.*minimum of 1",
    ),
    "no columns": (lambda e, X, y: e.fit(X[:, :0], y), "0 feature.*minimum of 1"),
    "one dimension": (lambda e, X, y: e.fit(X[:, 0], y), "Reshape your data"),
    "one row to predict": (lambda e, X, y: e.predict(X[0]), "Reshape your data"),
    "three dimensions": (lambda e, X, y: e.fit(X[None], y), "dim 3.*dim <= 2"),
    "other columns in predict": (
        lambda e, X, y: e.predict(X[:, :3]),
        r"X has 3 features, but \w+ is expecting 4 features",
    ),
    "other columns in X_val": (
        lambda e, X, y: e.fit(X, y, X_val=X[:, :3], y_val=y),
        r"X.* has 3 features, but \w+ is expecting 4 features",
    ),
    "other columns in partial_fit": (
        lambda e, X, y: e.partial_fit(X[:, :3], y),
        r"X has 3 features, but \w+ is expecting 4 features",
    ),
    "fewer y": (
        lambda e, X, y: e.fit(X, y[:-1]),
        "X has 150 rows, but y has 149. Give one target",
    ),
    "fewer y_val": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=y[:-1]),
        "X_val has 150 rows, but y_val has 149. Give one target",
    ),
    "X_val alone": (
        lambda e, X, y: e.fit(X, y, X_val=X),
        "y_val is missing. Pass X_val and y_val together",
    ),
    "y_val alone": (
        lambda e, X, y: e.fit(X, y, y_val=y),
        "X_val is missing. Pass X_val and y_val together",
    ),
    "weights of validation rows alone": (
        lambda e, X, y: e.fit(X, y, sample_weight_val=np.ones(150)),
        "X_val.*missing.*Pass X_val and y_val|sample_weight_val.*X_val",
    ),
    "text array": (
        lambda e, X, y: e.fit(put("red", X.astype(object)), y),
        "'red'.*OneHotEncoder",
    ),
    "text list": (
        lambda e, X, y: e.fit([["red", "1", "2", "3"]] * 150, y),
        "'red'.*OneHotEncoder",
    ),
    "text column": (
        lambda e, X, y: e.fit(frame(X, c="red"), y),
        "Column 'c' of X holds text, for example 'red'.*OneHotEncoder",
    ),
    "object column": (
        lambda e, X, y: e.fit(frame(X, c=np.array([1.0, "red"] * 75, object)), y),
        "Column 'c' of X holds text, for example 'red'.*OneHotEncoder",
    ),
    "categories": (
        lambda e, X, y: e.fit(frame(X, c=pd.Categorical(["red", "blue"] * 75)), y),
        "Column 'c' of X holds text, for example 'red'.*OneHotEncoder",
    ),
    "text in X_val": (
        lambda e, X, y: e.fit(frame(X), y, X_val=frame(X, c="red"), y_val=y),
        "Column 'c' of X_val holds text, for example 'red'.*OneHotEncoder",
    ),
    "text in predict": (
        lambda e, X, y: e.predict(put("red", X.astype(object))),
        "'red'.*OneHotEncoder",
    ),
    "dates in a column": (
        lambda e, X, y: e.fit(frame(X, c=pd.Timestamp("2020-02-29")), y),
        "Column 'c' of X holds dates.*days since",
    ),
    "dates with a time zone": (
        lambda e, X, y: e.fit(frame(X, c=pd.Timestamp("2020-02-29", tz="UTC")), y),
        "Column 'c' of X holds dates.*days since",
    ),
    "date objects": (
        lambda e, X, y: e.fit(frame(X, c=[date(2020, 2, 29)] * 150), y),
        "dates.*days since",
    ),
    "dates in an array": (
        lambda e, X, y: e.fit(np.full((150, 4), DAY), y),
        "dates.*days since",
    ),
    "spans of time": (
        lambda e, X, y: e.fit(frame(X, c=pd.Timedelta(days=1)), y),
        "Column 'c' of X holds.*(time|dates)",
    ),
    "complex": (lambda e, X, y: e.fit(X * 1j, y), "[Cc]omplex data not supported"),
    "huge": (
        lambda e, X, y: e.fit(put(1e300, X), y),
        r"Column 1 of X has values too large.*1e\+300.*Rescale",
    ),
    "huge, not scaled": (
        lambda e, X, y: e.set_params(input_scaling=None).fit(put(1e300, X), y),
        r"X\[3, 1\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in predict": (
        lambda e, X, y: e.predict(put(1e300, X)),
        r"X\[3, 1\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in X_val": (
        lambda e, X, y: e.fit(X, y, X_val=put(1e300, X), y_val=y),
        r"\[3, 1\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
}

BAD_WEIGHTS = {
    "too few": (lambda e, X, y: e.fit(X, y, np.ones(9)), r"sample_weight.*\(9,\)"),
    "two columns": (lambda e, X, y: e.fit(X, y, np.ones((150, 2))), "[Ss]ample.weight"),
    "negative": (lambda e, X, y: e.fit(X, y, y - 1), "[Nn]egative.*sample_weight"),
    "NaN": (
        lambda e, X, y: e.fit(X, y, np.full(150, np.nan)),
        "sample_weight contains NaN",
    ),
    "infinite": (
        lambda e, X, y: e.fit(X, y, np.full(150, np.inf)),
        "sample_weight contains infinity",
    ),
    "text": (lambda e, X, y: e.fit(X, y, ["one"] * 150), "'one'|sample_weight"),
    "zeros": (
        lambda e, X, y: e.fit(X, y, np.zeros(150)),
        "sample_weight is.*zero.*Give .*150 rows",
    ),
    "zeros for validation": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=y, sample_weight_val=0 * y),
        "sample_weight_val is.*zero.*Give .*150 rows",
    ),
    "too few for validation": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=y, sample_weight_val=[1.0]),
        r"sample_weight.*\(1,\)",
    ),
}

BAD_PARAMETERS = {
    "epochs=-1": (given(epochs=-1), "'epochs'.*range.*-1"),
    "epochs=0": (given(epochs=0), r"'epochs'.*\[1, inf\).*0"),
    "epochs=2.5": (given(epochs=2.5), "'epochs'.*int.*2.5"),
    "epochs=text": (given(epochs="ten"), "'epochs'.*int.*'ten'"),
    "activation": (given(activation="reluu"), "activation='reluu'.*Choose.*relu,"),
    "activation=function": (given(activation=np.tanh), "'activation'.*str.*tanh"),
    "optimizer": (given(optimizer="adams"), "optimizer='adams'.*adam,"),
    "optimizer=class": (given(optimizer=keras.optimizers.Adam), "optimizer=.*Adam"),
    "optimizer=None": (given(optimizer=None), "optimizer=None.*adam"),
    "momentum of adam": (given(momentum=0.9), "momentum=0.9.*adam"),
    "momentum=1": (given(optimizer="sgd", momentum=1), "'momentum'.*range.*1"),
    "learning_rate=0": (given(learning_rate=0), "'learning_rate'.*range.*0"),
    "learning_rate=nan": (given(learning_rate=np.nan), "'?learning_rate.*nan"),
    "schedule": (
        given(learning_rate_schedule="cosinus"),
        "learning_rate_schedule='cosinus'.*Choose.*cosine",
    ),
    "schedule with a negative factor": (
        given(learning_rate_schedule={2: -0.5}),
        r"learning_rate_schedule\[2\].*-0.5.*at least 0",
    ),
    "schedule with NaN later": (
        given(learning_rate_schedule=lambda epoch: 1.0 if epoch < 3 else np.nan),
        r"learning_rate_schedule\(3\).*nan.*finite",
    ),
    "schedule that fails": (
        given(learning_rate_schedule=lambda epoch: "slow"),
        r"learning_rate_schedule\(0\).*'slow'",
    ),
    "loss": (given(loss="crossentropy"), "loss='crossentropy'.*choose one of"),
    "loss=class": (given(loss=Huber), "loss=<class.*Huber.*instance"),
    "loss=None": (given(loss=None), "loss=None.*choose one of"),
    "loss of one number": (given(loss=mean_loss), "mean_loss.*single number.*axis=-1"),
    "batch_size=0": (given(batch_size=0), "'batch_size'.*range.*0"),
    "batch_size=text": (given(batch_size="all"), "'batch_size'.*'full'.*'all'"),
    "patience=0": (given(patience=0), "'patience'.*range.*0"),
    "min_delta=-1": (given(min_delta=-1), "'min_delta'.*range.*-1"),
    "monitor": (given(monitor="auc"), "'monitor'.*'val_loss'.*'auc'"),
    "monitor without rows": (
        given(monitor="val_loss", early_stopping=True, validation_fraction=None),
        "monitor='val_loss' needs validation rows. Set validation_fraction",
    ),
    "early_stopping": (given(early_stopping="yes"), "'early_stopping'.*'auto'.*'yes'"),
    "validation_fraction=1": (
        given(early_stopping=True, validation_fraction=1.0),
        "'validation_fraction'.*range.*1.0",
    ),
    "validation_fraction=0.999": (
        given(early_stopping=True, validation_fraction=0.999),
        "validation_fraction=0.999 of 150 rows leaves no row.*early_stopping=False",
    ),
    "hidden_units=0": (
        given(hidden_units=(8, 0)),
        r"hidden_units=\(8, 0\).*whole numbers.*at least 1",
    ),
    "hidden_units=2.5": (given(hidden_units=2.5), "hidden_units=2.5.*whole numbers"),
    "hidden_units=text": (given(hidden_units="100"), "hidden_units='100'.*whole"),
    "pyramid": (
        given(hidden_units=Pyramid(neuron_pct=1.5)),
        "neuron_pct=1.5 of Pyramid.*above 0 and up to 1",
    ),
    "dropout=1": (given(dropout=1.0), "dropout=1.0.*below 1"),
    "dropout=-0.1": (given(dropout=-0.1), "dropout=-0.1.*at least 0"),
    "dropout=text": (given(dropout="half"), "dropout='half'.*number"),
    "dropout for other layers": (
        given(dropout=(0.1, 0.2, 0.3), hidden_units=(8, 4)),
        r"dropout=\(0.1, 0.2, 0.3\) has 3 values for 2 hidden layers.*Give",
    ),
    "dropout=array": (given(dropout=np.array([0.1])), "dropout=array.*number"),
    "input_scaling": (given(input_scaling="minmax"), "'input_scaling'.*'minmax'"),
    "dtype": (given(dtype="float16"), "'dtype'.*'float32'.*'float16'"),
    "random_state": (given(random_state="x"), "'random_state'.*'x'"),
    "callbacks": (given(callbacks=[print]), "callbacks?.*print.*keras"),
    "warm_start with other layers": (
        given(warm_start=True, hidden_units=(9,)),
        r"network changed.*\(8,\).*\(9,\).*warm_start=False",
    ),
    "warm_start with another activation": (
        given(warm_start=True, activation="elu"),
        "network changed.*(relu|mish).*elu.*warm_start=False",
    ),
    "warm_start with other columns": (
        lambda e, X, y: e.set_params(warm_start=True).fit(X[:, :3], y),
        r"X has 3 features, but \w+ is expecting 4",
    ),
    "diverging": (
        given(optimizer="sgd", learning_rate=1e38),
        r"diverged: loss is (nan|inf) in epoch \d at learning_rate=1e\+38. Try",
    ),
}

BAD_LABELS = {
    "y=None": (lambda e, X, y: e.fit(X, None), "requires y.*None.*Give one target"),
    "continuous": (lambda e, X, y: e.fit(X, X[:, 0]), "continuous"),
    "NaN": (lambda e, X, y: e.fit(X, put(np.nan, y[:, None], 3, 0)[:, 0]), "y.*NaN"),
    "None among labels": (
        lambda e, X, y: e.fit(X, np.array([None, "a", "b"])[y]),
        "y.*(None|NaN|[Mm]ix|unknown)",
    ),
    "None among objects": (
        lambda e, X, y: e.fit(X, pd.Series(["a", "b", None] * 50, dtype=object)),
        "y.*(None|NaN|[Mm]ix|unknown)",
    ),
    "mixed types": (
        lambda e, X, y: e.fit(X, np.array(["a", 1, 2], object)[y]),
        "[Mm]ix|unknown",
    ),
    "two columns": (
        lambda e, X, y: e.fit(X, np.column_stack([y, y])),
        "y has 2 columns of classes.*MultiOutputClassifier",
    ),
    "unseen in partial_fit": (
        lambda e, X, y: e.partial_fit(X, y + 1),
        r"y holds the label 3, .*classes \[0, 1, 2\].*partial_fit\(X, y, classes",
    ),
    "unseen in y_val": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=y + 3),
        r"y_val holds the label 3, .*classes \[0, 1, 2\]",
    ),
    "unseen in warm_start": (
        lambda e, X, y: e.set_params(warm_start=True).fit(X, y + 1),
        r"y holds the label 3, .*classes \[0, 1, 2\]",
    ),
    "unseen text": (
        lambda e, X, y: e.partial_fit(X, np.array(["a", "b", "c"])[y]),
        r"y holds the label 'a', .*classes \[0, 1, 2\]",
    ),
    "other classes in partial_fit": (
        lambda e, X, y: e.partial_fit(X, y, classes=[0, 1]),
        r"classes=\[0, 1\].*not the same.*\[0, 1, 2\].*clone",
    ),
    "no classes in the first partial_fit": (
        lambda e, X, y: clone(e).partial_fit(X, y),
        r"classes=None.*partial_fit\(X, y, classes=...\)",
    ),
    "a label that is not among the classes": (
        lambda e, X, y: clone(e).partial_fit(X, y, classes=[0, 1]),
        r"y holds the label 2, .*classes \[0, 1\]",
    ),
    "balanced partial_fit": (
        lambda e, X, y: e.set_params(class_weight="balanced").partial_fit(X, y),
        "class_weight='balanced'.*compute_class_weight",
    ),
    "class_weight of no class": (
        given(class_weight={7: 2.0}),
        r"class_weight.*7.*\[0, 1, 2\].*keys",
    ),
    "class_weight=auto": (given(class_weight="auto"), "'class_weight'.*'auto'"),
    "class_weight=zeros": (
        given(class_weight={0: 0, 1: 0, 2: 0}),
        "weight zero after class_weight. Give at least one class",
    ),
    "class_weight=-1": (given(class_weight={0: -1}), "class_weight.*-1"),
    "class_weight=nan": (given(class_weight={0: np.nan}), "class_weight.*nan"),
    "class_weight=list": (given(class_weight=[{0: 1}]), "class_weight"),
    "loss of a regressor": (given(loss="huber"), "loss='huber'.*log_loss"),
    "loss object of a regressor": (given(loss=Huber()), "loss=Huber.*log_loss"),
    "monitor=accuracy": (given(monitor="accuracy"), "'monitor'.*'val_accuracy'"),
}

BAD_NUMBERS = {
    "y=None": (lambda e, X, y: e.fit(X, None), "requires y.*None.*Give one target"),
    "text": (
        lambda e, X, y: e.fit(X, np.array(["a", "b", "c"])[y]),
        "y holds 'a', which is no number.*classifier",
    ),
    "text after digits": (
        lambda e, X, y: e.fit(X, np.array(["1", "2", "c"])[y]),
        "y holds 'c', which is no number.*classifier",
    ),
    "NaN": (lambda e, X, y: e.fit(X, put(np.nan, y[:, None], 3, 0)[:, 0]), "y.*NaN"),
    "None": (lambda e, X, y: e.fit(X, [None] * 150), "y.*(None|NaN)"),
    "text in a second column": (
        lambda e, X, y: e.fit(X, pd.DataFrame({"a": y, "b": "red"})),
        "y holds 'red', which is no number.*classifier",
    ),
    "infinity": (
        lambda e, X, y: e.fit(X, put(np.inf, y[:, None], 3, 0)[:, 0]),
        "y.*infinity",
    ),
    "NaN in y_val": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=np.full(150, np.nan)),
        "y_val.*NaN",
    ),
    "dates": (lambda e, X, y: e.fit(X, np.full(150, DAY)), "y.*date|date.*y"),
    "complex": (lambda e, X, y: e.fit(X, y * 1j), "[Cc]omplex"),
    "three dimensions": (lambda e, X, y: e.fit(X, y[:, None, None]), "dim 3"),
    "other columns in y_val": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=X),
        "y_val has 4 columns, but the model has 1 outputs. Give",
    ),
    "other columns in partial_fit": (
        lambda e, X, y: e.partial_fit(X, X),
        "y has 4 columns, but the model has 1 outputs. Give",
    ),
    "huge": (
        lambda e, X, y: e.fit(X, y * 1e300),
        r"y has values too large.*2e\+300.*Rescale y",
    ),
    "huge, not scaled": (
        lambda e, X, y: e.set_params(target_scaling=False).fit(X, y * 1e300),
        r"y has a value of 2e\+300, too large for float32. Rescale y",
    ),
    "huge y_val": (
        lambda e, X, y: e.fit(X, y, X_val=X, y_val=y * 1e300),
        r"has a value of 2e\+300, too large for float32. Rescale y",
    ),
    "negative counts": (
        lambda e, X, y: e.set_params(loss="poisson").fit(X, y - 1),
        "(-1|negative).*[Pp]oisson|[Pp]oisson.*(-1|negative)",
    ),
    "negative counts in y_val": (
        lambda e, X, y: e.set_params(loss="poisson").fit(X, y, X_val=X, y_val=y - 1),
        "(-1|negative).*[Pp]oisson|[Pp]oisson.*(-1|negative)",
    ),
    "loss of a classifier": (given(loss="log_loss"), "loss='log_loss'.*squared_error"),
    "monitor=val_accuracy": (given(monitor="val_accuracy"), "'monitor'.*'val_loss'"),
    "target_scaling": (given(target_scaling="yes"), "'target_scaling'.*bool.*'yes'"),
}

BAD_DENSE_PARAMETERS = {
    "l2=-1": (given(l2=-1), "l2=-1.*at least 0"),
    "l2=nan": (given(l2=np.nan), "l2=nan.*at least 0"),
    "l1 with inf": (given(l1=(0.1, np.inf)), r"l1=\(0.1, inf\).*number"),
    "activity_l1=-1": (given(activity_l1=-1), "activity_l1=-1.*at least 0"),
    "batch_norm": (given(batch_norm="yes"), "'batch_norm'.*bool.*'yes'"),
}

# -- tables: gaps, text and huge values are welcome; other mistakes can be made --------

WELCOME_IN_TABLES = {
    "X": {
        *(name for name in BAD_X if name.startswith(("NaN", "text", "huge"))),
        *("missing nullable", "None", "object column", "categories"),
    }
    - {"huge, not scaled"},
    "y": {"rare class", "too few validation rows"},
}

BAD_TABLES = {
    "text beside numbers": (
        lambda e, X, y: e.fit(put("red", X.astype(object)), y),
        r"Column 1 of X holds both text and numbers.*'red' and 3.5.*astype\(str\)",
    ),
    "text beside numbers in predict": (
        lambda e, X, y: e.predict(put("red", X.astype(object))),
        "Column 1 of X holds both text and numbers.*'red'",
    ),
    "text beside numbers in a frame": (
        lambda e, X, y: e.fit(frame(X, c=np.array([1.0, "red"] * 75, object)), y),
        "Column 'c' of X holds both text and numbers.*'red' and 1.0.*astype",
    ),
    "text after numbers": (
        lambda e, X, y: e.fit(frame(X), y, X_val=frame(X, c="red"), y_val=y),
        "Column 'c' of X_val held numbers in fit.*text now.*'red'. Give numbers",
    ),
    "numbers after text": (
        lambda e, X, y: e.fit(frame(X, c="red"), y, X_val=frame(X), y_val=y),
        "Column 'c' of X_val held text in fit.*numbers now.*1.4.*astype",
    ),
    "bytes": (
        lambda e, X, y: e.fit(frame(X, c=[b"red"] * 150), y),
        "Column 'c' of X holds b'red'.*string or a number.*astype",
    ),
    "lists in a column": (
        lambda e, X, y: e.fit(frame(X, c=[[1]] * 150), y),
        r"Column 'c' of X holds \[1\].*not list.*drop it",
    ),
    "infinity in a column": (
        lambda e, X, y: e.fit(frame(X, c=np.inf), y),
        r"contains infinity \(row 0, column 'c'\). Replace",
    ),
}

BAD_TABLE_PARAMETERS = {
    "n_members=0": (given(n_members=0), r"'n_members'.*\[1, inf\).*0"),
    "n_members=2.5": (given(n_members=2.5), "'n_members'.*int.*2.5"),
    "n_members changed": (
        go_on("fit", n_members=2),
        "n_members was 4 and is 2.*warm_start=False",
    ),
    "n_members changed in partial_fit": (
        go_on("partial_fit", n_members=2),
        "n_members was 4 and is 2.*clone",
    ),
    "weight_decay=-1": (given(weight_decay=-1), "'weight_decay'.*range.*-1"),
    "numeric_embedding": (
        given(numeric_embedding="fourier"),
        "'numeric_embedding'.*'periodic'.*'fourier'",
    ),
    "numeric_embedding changed": (
        go_on("fit", numeric_embedding="periodic"),
        "numeric_embedding='periodic' is not what training began with.*warm_start",
    ),
    "max_one_hot changed": (
        go_on("partial_fit", max_one_hot=3),
        "max_one_hot=3 is not what training began with. Set it back",
    ),
    "categorical_features changed": (
        go_on("fit", categorical_features=[0]),
        r"categorical_features=\[0\] is not what training began with",
    ),
    "frequency_scale=0": (given(frequency_scale=0), "'frequency_scale'.*range.*0"),
    "max_one_hot=-1": (given(max_one_hot=-1), "'max_one_hot'.*range.*-1"),
    "max_one_hot=2.5": (given(max_one_hot=2.5), "'max_one_hot'.*int.*2.5"),
    "categorical_features=auto": (
        given(categorical_features="auto"),
        "categorical_features='auto' must be 'from_dtype', None, or a list",
    ),
    "categorical_features out of range": (
        given(categorical_features=[4]),
        r"column number 4, but must be in .*\[0, 3\]",
    ),
    "categorical_features of an array by name": (
        given(categorical_features=["a"]),
        "names the column 'a', but X has no column names. Pass a frame",
    ),
    "categorical_features of no column": (
        lambda e, X, y: e.set_params(categorical_features=["z"]).fit(frame(X), y),
        r"categorical_features has 'z', which is not a column.*\['a', 'b', 'c', 'd'\]",
    ),
    "categorical_features with a short mask": (
        given(categorical_features=[True, False]),
        "has 2 bools, but X has 4 columns. Give one bool",
    ),
    "text without categories": (
        lambda e, X, y: e.set_params(categorical_features=None).fit(
            frame(X, c="red"), y
        ),
        "Column 'c' of X holds text, for example 'red', but categorical_features.*Add",
    ),
    "optimizer that looks at several weights, and verbose": (
        given(optimizer=keras.optimizers.Adam(clipnorm=1.0), verbose=1),
        r"optimizer=Adam\(...\) does not treat every weight.*4.*Use n_members=1",
    ),
}

BAD_CALIBRATION = {
    "calibrate": (given(calibrate="yes"), "'calibrate'.*bool.*'yes'"),
    "calibrate without rows": (
        given(calibrate=True, validation_fraction=None),
        "calibrate=True needs validation rows. Set validation_fraction",
    ),
    "calibrate without stopping": (
        given(calibrate=True, early_stopping=False),
        "calibrate=True needs validation rows.*X_val",
    ),
    "calibrate in partial_fit": (
        go_on("partial_fit", calibrate=True),
        "calibrate=True needs validation rows.*partial_fit has none",
    ),
}
BAD_CLIPS = {
    "clip_predictions": (
        given(clip_predictions="yes"),
        "'clip_predictions'.*bool.*'yes'",
    ),
}


# What does not hold of images: rows have shapes, and layers are counted otherwise.
NOT_OF_IMAGES = {
    "X": {
        *(name for name in BAD_X if name.startswith("huge")),
        *("three dimensions", "text list"),
    },
    "parameter": {"dropout for other layers"},
}

BAD_IMAGES = {
    "five dimensions": (
        lambda e, X, y: e.fit(X[:, None, None, None], y),
        r"shape \(150, 1, 1, 1, 4\)\. Give images of shape \(n, height, width\)",
    ),
    "images of another shape": (
        lambda e, X, y: e.predict(np.zeros((3, 2, 3))),
        r"shape \(2, 3\).*fitted to images of shape \(2, 2, 1\).*ImageLoader",
    ),
    "huge": (
        lambda e, X, y: e.fit(put(1e300, X), y),
        r"Channel 0 of X has values too large.*1e\+300.*Rescale",
    ),
    "huge, not scaled": (
        lambda e, X, y: e.set_params(input_scaling=None).fit(put(1e300, X), y),
        r"X\[3, 0, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in predict": (
        lambda e, X, y: e.predict(put(1e300, X)),
        r"X\[3, 0, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in X_val": (
        lambda e, X, y: e.fit(X, y, X_val=put(1e300, X), y_val=y),
        r"X\[3, 0, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "text list": (
        lambda e, X, y: e.fit([["red", "1", "2", "3"]] * 150, y),
        "X holds text, for example .*'red'.*numbers.*paths",
    ),
    "no files": (
        lambda e, X, y: e.set_params(image_size=4).fit(["no such.png"] * 150, y),
        r"no such\.png",
    ),
    "paths without a size": (
        lambda e, X, y: e.fit(["a.png"] * 150, y),
        r"image_size=None, but X holds paths.*image_size=\(128, 128\)",
    ),
    "image_size": (
        lambda e, X, y: e.set_params(image_size=(4, 0)).fit(["a.png"] * 150, y),
        r"image_size=\(4, 0\).*height and width",
    ),
    "image_shape for other rows": (
        given(image_shape=(3, 3)),
        r"image_shape=\(3, 3\) needs 9 features; X has 4.*Reshape",
    ),
    "image_shape": (given(image_shape=(4,)), r"image_shape=\(4,\).*height, width"),
    "color_mode": (given(color_mode="bgr"), "'color_mode'.*'rgb'.*'bgr'"),
    "filters": (given(filters=(8, 0)), r"filters=\(8, 0\).*whole numbers.*\(32, 64\)"),
    "kernel_size": (given(kernel_size=2.5), "kernel_size=2.5.*whole number"),
    "kernel_size as a pair": (
        given(kernel_size=(3, 5)),
        r"kernel_size=\(3, 5\).*each of the 1 blocks.*kernel_size=\(\(3, 5\),\)",
    ),
    "a kernel larger than the image": (
        given(kernel_size=3, padding="valid"),
        r"padding='valid'.*\(3, 3\).*\(2, 2\).*padding='same'",
    ),
    "pooling": (given(pooling="mean"), "'pooling'.*'average'.*'mean'"),
    "augment": (given(augment="turn"), "augment='turn'.*flip"),
    "augment by a number": (given(augment=0.5), "augment=0.5"),
    "weight_decay": (given(weight_decay=-1.0), "'weight_decay'.*-1.0"),
    "dropout for other layers": (
        given(dropout=(0.1, 0.2, 0.3), hidden_units=()),
        r"dropout=\(0.1, 0.2, 0.3\) has 3 values for 1 dense layers.*Give",
    ),
    "l2 for other layers": (
        given(l2=(0.1, 0.2, 0.3)),
        r"l2=\(0.1, 0.2, 0.3\) has 3 values for 2 blocks and hidden layers.*Give",
    ),
}


# What does not hold of sequences: X may have three axes, dropout is one number.
NOT_OF_SEQUENCES = {
    "X": {*(name for name in BAD_X if name.startswith("huge")), "three dimensions"},
    "parameter": {name for name in BAD_PARAMETERS if name.startswith("dropout")},
}


def sequences(X, **changed):
    """Sequences of 4 steps and 1 feature; those of some numbers are others."""
    result = [row[:, np.newaxis] for row in X]
    for number, values in changed.items():
        result[int(number.removeprefix("at_"))] = values
    return result


BAD_SEQUENCES = {
    "four dimensions": (
        lambda e, X, y: e.fit(X[:, None, None], y),
        r"X has shape \(150, 1, 1, 4\)\. Give an array of shape \(n_sequences, n_steps",
    ),
    "NaN in the middle": (
        lambda e, X, y: e.fit(put(np.nan, X)[..., None], y),
        r"X\[3\] is NaN at step 1, feature 0\. Fill gaps.*SimpleImputer",
    ),
    "NaN in one of the features": (
        lambda e, X, y: e.fit(put(np.nan, X)[:, None], y),
        r"X\[3\] is NaN at step 0, feature 1\. Fill gaps",
    ),
    "NaN in a list": (
        lambda e, X, y: e.fit(sequences(X, at_7=[1.0, np.nan]), y),
        r"X\[7\] is NaN at step 1, feature 0\. Fill gaps",
    ),
    "NaN at the end in a list": (
        lambda e, X, y: e.predict(sequences(X, at_7=[1.0, np.nan])),
        r"X\[7\] is NaN at step 1, feature 0\. Fill gaps",
    ),
    "nothing but NaN": (
        lambda e, X, y: e.fit(put(np.nan, X, column=slice(None))[..., None], y),
        r"X\[3\] is NaN at every step\. Leave out",
    ),
    "infinity in a list": (
        lambda e, X, y: e.fit(sequences(X, at_7=[1.0, np.inf]), y),
        r"X\[7\] is infinity at step 1, feature 0\. Replace",
    ),
    "text in a list": (
        lambda e, X, y: e.fit(sequences(X, at_7=["red", "blue"]), y),
        r"X\[7\] holds text, for example 'red'.*TextSequences",
    ),
    "a list of texts": (
        lambda e, X, y: e.fit(["a long text"] * 150, y),
        "X holds text, for example 'a long text'.*TextSequences",
    ),
    "no sequences": (
        lambda e, X, y: e.fit([], y),
        r"X has shape \(0,\). Give an array of shape \(n_sequences, n_steps\)",
    ),
    "no collection": (lambda e, X, y: e.fit(3.5, y), r"X has shape \(\).*Give|Reshape"),
    "a sequence without steps": (
        lambda e, X, y: e.fit(sequences(X, at_7=np.zeros((0, 1))), y),
        r"X\[7\] is empty, with shape \(0, 1\)\. Leave out sequences without steps",
    ),
    "no steps": (
        lambda e, X, y: e.fit(np.zeros((150, 0, 2)), y),
        r"X is empty, with shape \(150, 0, 2\) and 0 steps",
    ),
    "a sequence of other features": (
        lambda e, X, y: e.fit(sequences(X, at_7=np.zeros((4, 2))), y),
        r"X\[7\] has 2 features per step, but X\[0\] has 1\. Give every sequence",
    ),
    "nested lists of other features": (
        lambda e, X, y: e.fit([[[1.0, 2.0], [3.0]]] * 150, y),
        "steps differ in shape. Give every step the same features",
    ),
    "a sequence of three axes": (
        lambda e, X, y: e.fit(sequences(X, at_7=np.zeros((4, 1, 1))), y),
        r"X\[7\] has shape \(4, 1, 1\), but a sequence is",
    ),
    "frames with other columns": (
        lambda e, X, y: e.fit(
            [pd.DataFrame({"b" if i == 7 else "a": row}) for i, row in enumerate(X)], y
        ),
        r"X\[7\] has the columns \['b'\], but X\[0\] has \['a'\]",
    ),
    "other features in predict": (
        lambda e, X, y: e.predict([X, X]),
        r"X has 4 features.*expecting|X\[0\] has",
    ),
    "other features in X_val": (
        lambda e, X, y: e.fit(sequences(X), y, X_val=[X, X], y_val=[1, 1]),
        r"X_val has 4 features per step, but LSTM\w+ is expecting 1 features per step",
    ),
    "fewer sequences": (
        lambda e, X, y: e.fit(sequences(X)[1:], y),
        "X has 149 rows, but y has 150. Give one target",
    ),
    "huge": (
        lambda e, X, y: e.fit(put(1e300, X), y),
        r"Feature 0 of X has values too large.*1e\+300.*Rescale",
    ),
    "huge, not scaled": (
        lambda e, X, y: e.set_params(input_scaling=None).fit(put(1e300, X), y),
        r"X\[3, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in predict": (
        lambda e, X, y: e.predict(put(1e300, X)),
        r"X\[3, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
    "huge in X_val": (
        lambda e, X, y: e.fit(X, y, X_val=put(1e300, X), y_val=y),
        r"X\[3, 1, 0\]=1e\+300 is too large for float32.*Rescale X.*float64",
    ),
}

BAD_SEQUENCE_PARAMETERS = {
    "units=()": (given(units=()), r"units=\(\) leaves no recurrent layer. Give.*64"),
    "units=0": (given(units=(8, 0)), r"units=\(8, 0\).*whole numbers.*at least 1"),
    "units=text": (given(units="64"), "units='64'.*whole numbers"),
    "cell": (given(cell="rnn"), "'cell'.*'gru'.*'rnn'"),
    "pooling": (given(pooling="mean"), "'pooling'.*'average'.*'mean'"),
    "bidirectional": (given(bidirectional="yes"), "'bidirectional'.*bool.*'yes'"),
    "dropout=1": (given(dropout=1.0), "'dropout'.*1.0"),
    "dropout=-0.1": (given(dropout=-0.1), "'dropout'.*-0.1"),
    "dropout=text": (given(dropout="half"), "'dropout'.*float.*'half'"),
    "dropout=tuple": (given(dropout=(0.1, 0.2)), "'dropout'.*float.*0.2"),
    "recurrent_dropout=1": (given(recurrent_dropout=1.0), "'recurrent_dropout'.*1.0"),
    "weight_decay": (given(weight_decay=-1.0), "'weight_decay'.*-1.0"),
    "conv_filters=0": (given(conv_filters=0), "conv_filters=0.*whole numbers"),
    "kernel_size for other convolutions": (
        given(conv_filters=(4, 4), kernel_size=(3, 3, 3)),
        r"kernel_size=\(3, 3, 3\) has 3 values, but.*2 convolutions. Give one number",
    ),
    "kernel_size=0": (
        given(conv_filters=4, kernel_size=0),
        "kernel_size=0.*whole numbers.*at least 1",
    ),
    "pool_size for other convolutions": (
        given(conv_filters=(4, 4), pool_size=(2,)),
        r"pool_size=\(2,\) has 1 values, but.*2 convolutions",
    ),
    "pool_size=text": (
        given(conv_filters=4, pool_size="two"),
        "pool_size='two'.*whole numbers.*at least 1",
    ),
    "pool_size=text and return_sequences": (
        given(conv_filters=4, pool_size="two", return_sequences=True),
        "pool_size='two'",
    ),
    "pool_size and return_sequences": (
        given(conv_filters=4, pool_size=2, return_sequences=True),
        "pool_size=2 leaves fewer steps.*return_sequences=True use pool_size=1",
    ),
    "return_sequences": (
        given(return_sequences="yes"),
        "'return_sequences'.*bool.*'yes'",
    ),
    "n_tokens without embedding_dim": (
        given(n_tokens=10),
        "n_tokens=10 is for tokens, but embedding_dim=None.*Set embedding_dim",
    ),
    "n_tokens=1": (given(n_tokens=1, embedding_dim=4), "'n_tokens'.*1"),
    "embedding_dim=0": (given(embedding_dim=0), "'embedding_dim'.*0"),
    "fractions as tokens": (
        given(embedding_dim=4),
        r"X holds \d\.\d+, which is no token. Give whole numbers.*embedding_dim=None",
    ),
    "units changed": (
        go_on("fit", units=9),
        r"units was \(8,\) and is \(9,\).*warm_start=False",
    ),
    "cell changed": (
        go_on("partial_fit", cell="gru"),
        "cell was 'lstm' and is 'gru'",
    ),
    "embedding_dim changed": (
        go_on("fit", embedding_dim=4),
        "embedding_dim.*(warm_start|clone)",
    ),
    "return_sequences changed": (
        go_on("partial_fit", return_sequences=True),
        "return_sequences.*(warm_start|clone)",
    ),
}


def cases():
    """(name, group and name of the case, call, message), for all defaults."""
    for name in DEFAULTS:
        labels = name.endswith("Classifier")
        groups = {
            "X": BAD_X,
            "weights": BAD_WEIGHTS,
            "parameter": BAD_PARAMETERS,
            "y": BAD_LABELS if labels else BAD_NUMBERS,
            "of its own": BAD_DENSE_PARAMETERS,
        }
        welcome = {}
        if name.startswith("Tabular"):
            own = BAD_CALIBRATION if labels else BAD_CLIPS
            groups["of its own"] = {**BAD_TABLES, **BAD_TABLE_PARAMETERS, **own}
            welcome = WELCOME_IN_TABLES
        if name.startswith("CNN"):
            groups["of images"] = BAD_IMAGES
            welcome = NOT_OF_IMAGES
        if name.startswith("LSTM"):
            groups["of its own"] = {**BAD_SEQUENCES, **BAD_SEQUENCE_PARAMETERS}
            welcome = NOT_OF_SEQUENCES
        for group, table in groups.items():
            for key in table.keys() - welcome.get(group, set()):
                yield name, f"{group}: {key}", *table[key]


CASES = sorted(cases(), key=lambda case: case[:2])
