"""How good a setting is, and which one is best: bootstrap, searches."""

from skdl.model_selection._bayes import BayesSearchCV
from skdl.model_selection._bootstrap import bootstrap_validate
from skdl.model_selection._compare import BootstrapComparison, compare_bootstrap
from skdl.model_selection._nelder_mead import NelderMeadSearchCV
from skdl.model_selection._spaces import Categorical, Integer, Real

__all__ = [
    "BayesSearchCV",
    "BootstrapComparison",
    "Categorical",
    "Integer",
    "NelderMeadSearchCV",
    "Real",
    "bootstrap_validate",
    "compare_bootstrap",
]
