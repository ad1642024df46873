"""A camera through paintings that change every few seconds, as a camera for OBS, Zoom and browsers; Ctrl-C ends it.

python examples/webcam_to_virtual_camera.py
python examples/webcam_to_virtual_camera.py --camera clip.mp4 --record painted.mp4     (a file in place of each)
"""

import argparse
import contextlib
import time

import streamstyle as st


def main() -> None:
    """Paint the newest frame, again and again; looks cross-fade."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--camera", help="number, name, device, or a file that plays as a camera")
    parser.add_argument("--record", help="write a video in place of the virtual camera")
    parser.add_argument("--every", type=float, default=5, help="seconds for which a style stays")
    options = parser.parse_args()

    painter = st.load()
    looks = [painter.look(style.name) for style in painter.styles]
    with st.open_camera(options.camera) as camera, painter.stream(looks[0], size=240) as stream:
        began = time.monotonic()

        def change(_done: int, _expected: int | None) -> None:
            wanted = looks[int((time.monotonic() - began) / options.every) % len(looks)]
            if stream.look is not wanted:
                stream.look = wanted

        sink = st.open_sink(options.record, camera.info) if options.record else st.open_virtual_camera(camera.info)
        with contextlib.suppress(KeyboardInterrupt):
            stream.run(camera, sink, progress=change)


if __name__ == "__main__":
    try:
        main()
    except st.StreamstyleError as error:
        raise SystemExit(f"{error}") from None
