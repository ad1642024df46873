"""What can go wrong, in words that a user can act on.

Every message starts in lower case, says what was wanted and what came, and ends with the remedy. The command line prints
it as one line; nothing else of the program's insides reaches the user.
"""


class StreamstyleError(Exception):
    """Base of all errors that are the world's fault, not the program's."""


class UsageError(StreamstyleError):
    """The command line or an argument contradicts itself; exit code 2."""


class SourceError(StreamstyleError):
    """An input cannot be opened or read."""


class SinkError(StreamstyleError):
    """An output cannot be opened or written."""


class ModelError(StreamstyleError):
    """A model file is missing, damaged or does not fit, or its provider does not run."""


class StyleError(StreamstyleError):
    """A style image or a built-in style cannot be used."""


class SinkNameError(SinkError, UsageError):
    """An output was named that cannot be: its ending or its codec is none, or does not fit; exit code 2."""


class ModelNameError(ModelError, UsageError):
    """There is no model of that name; exit code 2."""


class StyleNameError(StyleError, UsageError):
    """There is no style of that name; exit code 2."""


class Interrupted(BaseException):
    """The user or the system asked the program to stop: not an error, so not an Exception.

    Attributes:
        signal_number: Which signal did.
        unfinished: Where what was done so far lies, under a partial name; None where nothing does.
        remark: What else was kept, in a few words; empty where nothing was.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
        self.unfinished: str | None = None
        self.remark = ""


def reason_of(failure: Exception) -> str:
    """What went wrong, for the user: our own errors say it, others are named."""
    return str(failure) if isinstance(failure, StreamstyleError) else f"{type(failure).__name__}: {failure}"
