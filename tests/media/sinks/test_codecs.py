import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamstyle.media.sinks.codecs import open_encoder


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root's SVT-AV1 takes priority")
def test_an_encoder_leaves_all_threads_their_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVT_LOG", "1")
    context = av.CodecContext.create("libsvtav1", "w")
    context.width, context.height, context.pix_fmt = 256, 144, "yuv420p"
    context.framerate, context.time_base = Fraction(24), Fraction(1, 24)
    open_encoder(context)
    context.encode(av.VideoFrame.from_ndarray(np.full((216, 256), 128, np.uint8), format="yuv420p"))
    threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
    assert len(threads) > 3
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
