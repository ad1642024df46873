"""Paint a photo: python examples/photo.py photo.jpg painted.png --style kiss --alpha 0.8 --color luma."""

import argparse

import streamstyle as st


def main() -> None:
    """Paint one picture, and save it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo")
    parser.add_argument("output")
    parser.add_argument("--style", nargs="+", default=["kiss"], help="built-in styles or pictures; several are blended")
    parser.add_argument("--alpha", type=float, default=1.0, help="strength, from 0 to 1")
    parser.add_argument("--color", choices=("style", "content", "luma"), default="style")
    options = parser.parse_args()

    painter = st.load()
    look = painter.look(*options.style, alpha=options.alpha, color=options.color)
    st.save(options.output, painter.paint(st.read(options.photo), look), overwrite=True)
    print(f"{options.output}: {look.name}")


if __name__ == "__main__":
    try:
        main()
    except st.StreamstyleError as error:
        raise SystemExit(f"{error}") from None
