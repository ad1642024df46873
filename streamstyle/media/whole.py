"""Small files that are written whole or not at all."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file under another name, and give it its own when the block has ended well; what was there is replaced.

    Each writer has a name of its own, since two programs may write the same file at once. It is not a temporary file of the
    system's, which nobody but its owner could read.

    Yields:
        Where to write.

    Raises:
        OSError: It cannot be written.
    """
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
