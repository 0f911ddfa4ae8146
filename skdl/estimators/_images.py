"""What estimators for images share: parameters, inputs, augmentation."""

import math
from dataclasses import dataclass
from typing import ClassVar

from skdl._images import ImageInputs, check_images
from skdl._scales import some_rows
from skdl._validation import StrOptions, non_negative
from skdl.base._decay import DecayMixin

BATCH_PIXELS = 2**20  # about so many in a large batch of "auto"
STOPPING_ROWS = 2000  # images from which some are set apart to stop early


@dataclass(kw_only=True, eq=False, repr=False)
class ImageParameters:
    """The parameters of all networks for images; before those of the network."""

    augment: object = None
    weight_decay: float = 3.0
    image_shape: tuple | None = None
    image_size: object = None
    color_mode: str = "rgb"

    _image_constraints: ClassVar[dict] = {
        "augment": "no_validation",
        "weight_decay": [non_negative()],
        "image_shape": "no_validation",
        "image_size": "no_validation",
        "color_mode": [StrOptions({"rgb", "grayscale", "rgba"})],
    }


class Images(DecayMixin):
    """What those parameters stand for."""

    _full_batch_rows = 32
    _least_decay_steps = 300

    def _check_inputs(self, X, *, reset, name="X"):
        X = check_images(
            self,
            X,
            reset=reset,
            image_shape=self.image_shape,
            image_size=self.image_size,
            color_mode=self.color_mode,
            name=name,
        )
        if not reset and name == "X":  # X_val comes before what it is like is known
            self._inputs.warn_about_range(X, name)
        return X

    def _fit_inputs(self, rows):
        return ImageInputs.fit(
            rows.X,
            rows.weight,
            self.image_shape_,
            scaling=self.input_scaling,
            color_mode=self.color_mode,
            dtype=self.dtype,
        )

    def _remark_on_scales(self, rows, validation):
        if not self._inputs.warn_about_range(validation.X, "X_val"):
            super()._remark_on_scales(rows, validation)

    def _columns_of(self, X):
        if X.ndim == 1:  # files, which are all read alike
            return None
        return some_rows(X.reshape(-1, X.shape[3]))

    def _labels_of_columns(self, names):
        return None

    def _augmentation(self):
        from skdl.networks import find_augment

        return find_augment(self.augment, value_range=self._inputs.value_range)

    @property
    def _batch_limits(self):
        height, width, _ = self.image_shape_
        fitting = 2 ** round(math.log2(BATCH_PIXELS / (height * width)))
        return 16, min(max(fitting, 16), 128)

    def _rows_are_independent(self):
        # Batch normalisation sees equal images once, whatever their weight: merged they
        # are what one of them with their weight is. But each has variations of its own.
        return self.augment is None

    def _stops_by_default(self, n_rows, validation):
        if validation is not None:
            return True
        # a rate that falls after certain epochs is a plan for all of them
        schedule = self.learning_rate_schedule
        falls_later = isinstance(schedule, dict) or schedule == "cifar"
        return n_rows >= STOPPING_ROWS and not falls_later

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
