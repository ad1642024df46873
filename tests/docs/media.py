"""Files under the names that the README and the docs use, and commands that are run on them without a window."""

import re
from fractions import Fraction

import streamstyle as st
from streamstyle.commands.main import main
from streamstyle.look.people import weights
from tests.clips import Audio, make_clip, pattern

LIVE = ("--no-window", "--seconds", "1")
_CLIPS = {"film": (Fraction(1, 10), 80), "holiday": (1, 90), "clip": (1, 30)}
"""Frames a second, and frames, of those that last long enough for the times that are named with them."""


def make(folder, names):
    """Make photos, clips and folders; what ends as neither is left out."""
    for name in names:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            continue
        if name.endswith("/"):
            path.mkdir()
            make(folder, [f"{name}one.mp4" if "clip" in name else f"{name}one.jpg"])
        elif path.suffix in {".mp4", ".mkv"}:
            rate, frames = _CLIPS.get(path.stem, (25, 6))
            make_clip(path, frames=frames, rate=rate, width=96, height=64, audio=[Audio(seconds=0.24)])
        elif path.suffix in {".jpg", ".png"}:
            st.save(path, pattern(len(name), 96, 64))


def run(words, folder, monkeypatch, capsys):
    """Run a command in a folder, a live one for a second on a clip; returns the files that it made.

    Whatever finds people may be missing, which the command says.
    """
    if words[0] == "camera":
        words = [*words, *LIVE, *([] if "--camera" in words else ["--camera", "in.mp4"])]
        words = [word if word != "--mjpeg" else "--mjpeg=127.0.0.1:0" for word in words]
    words = [word for word in words if word != "--open"]
    before = {path for path in folder.rglob("*") if path.is_file()}
    monkeypatch.chdir(folder)
    code, errors = main(words), capsys.readouterr().err
    if {"--person", "--background"} & set(words) and not weights.is_there(weights.PEOPLE):
        assert code == 1
        assert weights.PEOPLE.install in errors
        return None
    assert code == 0, errors
    return {path for path in folder.rglob("*") if path.is_file()} - before


def named(words):
    """The files that a command reads, as far as its words tell."""
    made = {words[index + 1] for index, word in enumerate(words[:-1]) if word in {"-o", "--record", "--save-look"}}
    return [word for word in words if re.fullmatch(r"[\w/*]+(\.\w+|/)", word) and word not in made]
