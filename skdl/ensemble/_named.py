"""Base estimators by name, as a parameter."""

from sklearn.utils import Bunch

from skdl._validation import BaseComposition, tags_of


class NamedEstimators(BaseComposition):
    """Base estimators by name, as the parameter ``estimators``."""

    def get_params(self, deep=True):
        """Get the parameters of the blender and of its base estimators.

        Parameters
        ----------
        deep : bool, default=True
            Whether base estimators are asked for theirs, ``name__parameter``.

        Returns
        -------
        dict
            Values by name.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params):
        """Set parameters of the blender and of its base estimators.

        Parameters
        ----------
        **params : dict
            ``name=estimator`` replaces a base estimator, ``name="drop"`` leaves it
            out, ``name__parameter=value`` sets a parameter of it.

        Returns
        -------
        self
            The blender.
        """
        return self._set_params("estimators", **params)

    @property
    def named_estimators(self):
        """The base estimators by name, as they were given."""
        return Bunch(**dict(self.estimators))

    def _kept(self):
        return [(name, e) for name, e in self.estimators if e != "drop"]

    def _check_estimators(self):
        pairs = [isinstance(e, (tuple, list)) and len(e) == 2 for e in self.estimators]
        if not pairs or not all(pairs):
            raise ValueError(
                f"Invalid 'estimators' attribute, estimators={self.estimators!r} must "
                "be a non-empty list of (string, estimator) tuples."
            )
        self._validate_names([name for name, _ in self.estimators])
        if not self._kept():
            raise ValueError("All estimators are dropped. At least one is required.")
        own = tags_of(self).estimator_type
        for name, estimator in [
            *self._kept(),
            ("final_estimator", self.final_estimator),
        ]:
            kind = None if estimator is None else tags_of(estimator).estimator_type
            if kind not in (own, None):
                raise ValueError(
                    f"{name}={estimator!r} is a {kind}, but a {own} is needed."
                )
