"""Every photo of a folder in every one of several styles: python examples/batch_of_photos.py photos painted kiss scream."""

import argparse
from pathlib import Path

import streamstyle as st


def main() -> None:
    """A photo that cannot be read does not keep the others from being painted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder")
    parser.add_argument("output", type=Path, help="a folder")
    parser.add_argument("styles", nargs="+", help="built-in styles, pictures, or style files")
    parser.add_argument("--size", type=int, default=None, help="short side at which photos are painted")
    options = parser.parse_args()

    painter = st.load()
    looks = [painter.look(style) for style in options.styles]  # each style is encoded once
    options.output.mkdir(parents=True, exist_ok=True)
    for path in sorted(options.photos.iterdir()):
        try:
            photo = st.read(path)
        except st.SourceError as error:
            print(f"left out: {error}")
            continue
        for look in looks:
            painted = painter.paint(photo, look, size=options.size)
            st.save(options.output / f"{path.stem}_{look.name}.jpg", painted, overwrite=True)


if __name__ == "__main__":
    try:
        main()
    except st.StreamstyleError as error:
        raise SystemExit(f"{error}") from None
