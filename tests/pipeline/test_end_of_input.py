"""The end of whoever writes into a pipe."""

import os
import threading

from streamstyle.pipeline.threads import at_end_of_input


def test_it_is_told_when_the_writer_ends_and_not_before():
    reader, writer = os.pipe()
    ended = threading.Event()
    at_end_of_input(reader, ended.set)
    os.write(writer, b"still here")
    assert not ended.wait(0.2)
    os.close(writer)
    assert ended.wait(10)
    os.close(reader)
