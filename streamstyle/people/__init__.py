"""Where in the picture people are: a mask that follows a stream."""

from streamstyle.people.mask import PersonMask
from streamstyle.people.segmenter import Mask, PersonSegmenter, SelfieSegmenter, open_segmenter

__all__ = ["Mask", "PersonMask", "PersonSegmenter", "SelfieSegmenter", "open_segmenter"]
