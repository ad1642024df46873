"""What is opened in the network can be left at any time."""

import signal
import socket
import subprocess
import sys
import threading

import pytest

from streamstyle.errors import SourceError
from streamstyle.pipeline.threads import reached

LIBAV_WAITS = 20


class StopError(Exception):
    pass


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_leaves_what_does_not_answer_behind():
    begun, answered, left = threading.Event(), threading.Event(), []

    def connect():
        begun.set()
        answered.wait(60)
        left.append(threading.current_thread())

    def stop(_number, _frame):
        raise StopError

    def send():
        begun.wait(60)
        signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, stop)
    sender = threading.Thread(target=send)
    try:
        sender.start()
        with pytest.raises(StopError):
            reached("rtsp://192.0.2.1/live", connect)
        assert not left
    finally:
        signal.signal(signal.SIGUSR1, before)
        answered.set()
        sender.join(60)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "connect"] or left
    assert thread.daemon
    thread.join(60)


def test_what_is_opened_comes_back_and_so_does_what_is_wrong():
    assert reached("http://192.0.2.1/a.mp4", threading.current_thread) is not threading.current_thread()
    assert reached("a.mp4", threading.current_thread) is threading.current_thread()

    def refuse():
        raise SourceError("no answer in time")

    with pytest.raises(SourceError, match="no answer in time"):
        reached("http://192.0.2.1/a.mp4", refuse)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_command_that_waits_for_an_answer_ends_at_a_signal(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/a"
        command = [sys.executable, "-m", "streamstyle", "video", address, "--style", "kiss"]
        running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            connection, _ = silent.accept()
            with connection:
                connection.settimeout(60)
                connection.recv(1)  # it has asked
                running.send_signal(signal.SIGINT)
                _, said = running.communicate(timeout=0.75 * LIBAV_WAITS)
        finally:
            running.kill()
            running.wait(60)
    assert (running.returncode, said.splitlines()[-1]) == (130, "streamstyle: stopped")
