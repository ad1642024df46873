import platform
import subprocess
import sys

import pytest

FRAMES = """
import resource, sys
import numpy as np
from streamstyle.runtime.machine import keep_freed_memory

def frame():
    for picture in [np.empty(6_000_000, np.uint8) for _ in range(3)]:
        picture.fill(1)

if "keep" in sys.argv:
    keep_freed_memory()
for _ in range(3):
    frame()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    frame()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's memory")
def test_memory_of_a_frame_is_used_again_for_the_next():
    def new_pages(word):
        command = [sys.executable, "-c", FRAMES, word]
        return int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)

    assert new_pages("keep") < new_pages("give") / 10
