"""Where in the picture people are: a mask that follows a stream."""

from streamstyle.look.people.mask import PersonMask
from streamstyle.look.people.segmenter import SelfieSegmenter


def find_people() -> PersonMask:
    """What finds people in one stream.

    Raises:
        ModelError: The weights are missing; says what to run.
    """
    return PersonMask(SelfieSegmenter().mask)
