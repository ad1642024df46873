"""Who finds people in one picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.look.people import weights
from streamstyle.media.resize import resize

Mask = NDArray[np.float32]
"""(h, w) float32 in 0..1: 1 where people are."""

_WIDE = 1.5  # width over height from which on the landscape network suits


class SelfieSegmenter:
    """MediaPipe's selfie segmentation: people within about two meters of the camera, several are one mask.

    One thread at a time may ask it.

    OpenCV's own network engine runs it, on the CPU; its numbers are LiteRT's to 2e-5. Two networks of the same kind serve
    wide pictures and others.

    Source: MediaPipe Selfie Segmentation, model card of 2021, Apache-2.0.
    """

    def __init__(self) -> None:
        """Read the weights.

        Raises:
            ModelError: They are not installed; says what to run. Or this OpenCV cannot read them.
        """
        try:
            self._networks = {
                known: cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
                for known, content in zip(weights.PEOPLE.files, weights.read(weights.PEOPLE), strict=True)
            }
        except (cv2.error, AttributeError) as error:
            raise ModelError(
                f"OpenCV {cv2.__version__} cannot read the model that finds people: {error}; "
                "run: pip install --force-reinstall 'opencv-python>=5,<6'"
            ) from error

    def mask(self, image: Image) -> Mask:
        """Where people are.

        Args:
            image: (H, W, 3) uint8 RGB, any size.

        Returns:
            (256, 256) float32 in 0..1, or (144, 256) for a picture at least half as wide again as high.
        """
        height, width = image.shape[:2]
        known = weights.LANDSCAPE if width >= _WIDE * height else weights.SQUARE
        network = self._networks[known]
        network.setInput(cv2.dnn.blobFromImage(resize(image, known.width, known.height), 1 / 255))
        return np.array(network.forward(), np.float32).reshape(known.height, known.width).clip(0, 1)
