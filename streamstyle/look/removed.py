"""Options that earlier versions had, and what takes their place: for command lines and for files that hold options."""

from collections.abc import Sequence

REMOVED = {
    "--fit": "styles no longer need it; leave it out",
    "--batch": "frames are painted one at a time; leave it out",
    "--color-form": "--color content always moves colors as little as it can (mk); leave it out",
    "--temporal strong": "use --temporal on, which is the default",
}
"""An option, or an option with one value -> what to do instead."""


def removed(words: Sequence[str]) -> str | None:
    """What to say to a user of a removed option.

    Args:
        words: As typed: `--option`, `--option value`, `--option=value`; what follows `--` is no option.

    Returns:
        One line for the first of them, or None where there is none.
    """
    options = list(words)[: list(words).index("--")] if "--" in words else list(words)
    for word, following in zip(options, [*options[1:], ""], strict=False):
        option, is_whole, value = word.partition("=")
        for name in (option, f"{option} {value if is_whole else following}"):
            if name in REMOVED:
                return f"{name} was removed: {REMOVED[name]}"
    return None
