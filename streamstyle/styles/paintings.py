"""The paintings of the built-in styles: the one table of their names, titles, painters and years.

Only their codes are shipped, never the pictures. All painters are in the public domain.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Painting:
    """A painting that a built-in style was made after.

    Attributes:
        name: Of the style: what to write after --style.
        painter: Who painted it.
        title: What it is called.
        year: When it was painted, perhaps "about 1831"; empty where that is not known.
        good_for: What the style suits, in a few words.
    """

    name: str
    painter: str
    title: str
    year: str = ""
    good_for: str = ""

    @property
    def description(self) -> str:
        """Painter, title and year, for people."""
        return ", ".join(part for part in (self.painter, self.title, self.year) if part)


PAINTINGS = (
    Painting("starry-night", "Vincent van Gogh", "The Starry Night", "1889", "night scenes, skies, cities"),
    Painting(
        "great-wave",
        "Katsushika Hokusai",
        "Under the Wave off Kanagawa",
        "about 1831",
        "portraits, water, snow; pale paper and dark outlines",
    ),
    Painting(
        "red-fuji",
        "Katsushika Hokusai",
        "Fine Wind, Clear Morning",
        "about 1831",
        "landscapes, cars, snow; stripes of cloud in deep blue, white and red",
    ),
    Painting("scream", "Edvard Munch", "The Scream", "1893", "skies and sunsets; long streaks"),
    Painting("kiss", "Gustav Klimt", "The Kiss", "1908", "gold and ornaments: landscapes, rooms, clothes"),
    Painting("sunflowers", "Vincent van Gogh", "Sunflowers", "1889", "flowers, food; warm yellow all over"),
    Painting("cafe-terrace", "Vincent van Gogh", "Cafe Terrace at Night", "1888", "streets and interiors by lamplight"),
    Painting("irises", "Vincent van Gogh", "Irises", "1889", "gardens, leaves, crowds of detail"),
    Painting("self-portrait", "Vincent van Gogh", "Self-Portrait", "1889", "portraits in cool blues"),
    Painting("sunset", "Pierre-Auguste Renoir", "Sunset at Sea", "1879", "streets, rooms and skies in orange and violet"),
    Painting("bather", "Kazimir Malevich", "Bather", "1911", "portraits and rooms; black outlines, red and white"),
    Painting(
        "circles",
        "Wassily Kandinsky",
        "Squares with Concentric Circles",
        "1913",
        "anything bold: portraits, sports, music; red, yellow and blue",
    ),
    Painting("improvisation", "Wassily Kandinsky", "abstract painting", good_for="anything bold: dance, music, sports"),
    Painting(
        "composition",
        "Wassily Kandinsky",
        "abstract painting",
        good_for="portraits and buildings; strong outlines, lively video",
    ),
    Painting(
        "visit",
        "Ernst Ludwig Kirchner",
        "The Visit: Couple and Newcomer",
        "1922",
        "streets, rooms, things; red, yellow and blue stripes",
    ),
    Painting("drama", "Robert Delaunay", "Political Drama", "1914", "portraits and sports; light, soft colors"),
    Painting("grande-jatte", "Georges Seurat", "A Sunday on La Grande Jatte", "1886", "parks and groups of people"),
    Painting("pointillist", "Georges Lemmen", "Self-portrait", "about 1890", "portraits and still lifes; dots"),
    Painting("blue-dancers", "Edgar Degas", "Blue Dancers", "about 1897", "stages, night, people in motion"),
    Painting("gray-tree", "Piet Mondrian", "Gray Tree", "1911", "architecture and trees; black and white"),
)
"""The built-in styles, in the order in which they are listed."""


def painting_of(name: str) -> Painting | None:
    """The painting of a built-in style; None where the table has none, as for styles of other models."""
    return next((painting for painting in PAINTINGS if painting.name == name), None)
