"""An unfinished download on the disk."""

import hashlib
from typing import BinaryIO

BLOCK = 1 << 18


class Partial:
    """An unfinished file, open for appending, and the running hash of what is in it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0
        file.seek(0)
        while block := file.read(BLOCK):
            self._digest.update(block)
            self.size += len(block)

    @property
    def sha256(self) -> str:
        """Of all that is in it by now."""
        return self._digest.hexdigest()

    def append(self, block: bytes) -> None:
        """Write on."""
        self._file.write(block)
        self._digest.update(block)
        self.size += len(block)

    def clear(self) -> None:
        """Begin again with nothing."""
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0
