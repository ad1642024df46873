"""Paint a video, from one style to another: python examples/video_with_progress.py clip.mp4 painted.mp4."""

import argparse

import streamstyle as st


def show(done: int, expected: int | None) -> None:
    """One line that counts."""
    print(f"\r{done} of {expected or '?'} frames", end="", flush=True)


def main() -> None:
    """Paint a video with its sound; strength and blend change over time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("output")
    parser.add_argument("--styles", nargs=2, default=["kiss", "great-wave"])
    parser.add_argument("--seconds", type=float, default=4.0, help="how long the way from the first to the second takes")
    parser.add_argument("--end", default=None, help="stop here: seconds or h:mm:ss")
    options = parser.parse_args()

    painter = st.load()
    there = options.seconds
    look = painter.look(*options.styles, weights=[f"1@0,0@{there}", f"0@0,1@{there}"], alpha=f"0@0,1@{there / 2}")
    report = painter.paint_file(
        options.video, options.output, look, end=options.end, size=360, progress=show, overwrite=True
    )
    print(f"\n{report.output}: {report.fps} frames per second on {report.provider}")


if __name__ == "__main__":
    try:
        main()
    except st.StreamstyleError as error:
        raise SystemExit(f"{error}") from None
