"""Time codes of film and television: `10:20:30:10`, hours, minutes, seconds and frames."""

import re
from fractions import Fraction


def later(timecode: str, rate: Fraction, seconds: Fraction) -> str:
    """The time code of a later frame.

    Args:
        timecode: Of the first frame; with `;` before the frames it drops numbers, so that it keeps step with the clock.
        rate: Frames per second.
        seconds: From the first frame to the other.

    Returns:
        It in the same notation; the same text where it is no time code.

    Source: SMPTE ST 12-1: at 29.97 the numbers 0 and 1 are left out in each minute but every tenth.
    """
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d+)", timecode.strip())
    whole = round(rate)
    if match is None or whole < 1:
        return timecode
    hours, minutes, second, frames = (int(match[index]) for index in (1, 2, 3, 5))
    dropped = whole // 15 if match[4] in ";." else 0
    in_all = hours * 60 + minutes
    number = (in_all * 60 + second) * whole + frames - dropped * (in_all - in_all // 10) + round(seconds * rate)
    if dropped:
        tens, rest = divmod(number, whole * 600 - 9 * dropped)
        minute = 0 if rest < whole * 60 else 1 + (rest - whole * 60) // (whole * 60 - dropped)
        number += dropped * (9 * tens + minute)
    second, frames = divmod(number, whole)
    return f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}{match[4]}{frames:02}"
