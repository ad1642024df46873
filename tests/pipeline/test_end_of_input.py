"""The end of whoever writes into a pipe."""

import os

from streamstyle.pipeline.threads import Published, at_end_of_input


def test_it_is_told_when_the_writer_ends_and_not_before():
    reader, writer = os.pipe()
    ended = Published(False)
    at_end_of_input(reader, lambda: ended.replace(True))
    os.write(writer, b"still here")
    assert not ended.wait(lambda value: value, 0.2)
    os.close(writer)
    assert ended.wait(lambda value: value, 10)
    os.close(reader)
