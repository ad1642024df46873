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
    """

    name: str
    painter: str
    title: str
    year: str = ""

    @property
    def description(self) -> str:
        """Painter, title and year, for people."""
        return ", ".join(part for part in (self.painter, self.title, self.year) if part)


PAINTINGS = (
    Painting("starry-night", "Vincent van Gogh", "The Starry Night", "1889"),
    Painting("great-wave", "Katsushika Hokusai", "Under the Wave off Kanagawa", "about 1831"),
    Painting("scream", "Edvard Munch", "The Scream", "1893"),
    Painting("kiss", "Gustav Klimt", "The Kiss", "1908"),
    Painting("sunflowers", "Vincent van Gogh", "Sunflowers", "1889"),
    Painting("cafe-terrace", "Vincent van Gogh", "Cafe Terrace at Night", "1888"),
    Painting("irises", "Vincent van Gogh", "Irises", "1889"),
    Painting("wheat-field", "Vincent van Gogh", "Wheat Field with Cypresses", "1889"),
    Painting("self-portrait", "Vincent van Gogh", "Self-Portrait", "1889"),
    Painting("adele", "Gustav Klimt", "Portrait of Adele Bloch-Bauer", "1907"),
    Painting("tahiti", "Paul Gauguin", "When Will You Marry?", "1892"),
    Painting("improvisation", "Wassily Kandinsky", "abstract painting"),
    Painting("composition", "Wassily Kandinsky", "abstract painting"),
    Painting("street-pavers", "Umberto Boccioni", "The Street Pavers", "1914"),
    Painting("drama", "Robert Delaunay", "Political Drama", "1914"),
    Painting("grande-jatte", "Georges Seurat", "A Sunday on La Grande Jatte", "1886"),
    Painting("pointillist", "Georges Lemmen", "Self-portrait", "about 1890"),
    Painting("blue-dancers", "Edgar Degas", "Blue Dancers", "about 1897"),
    Painting("water-lilies", "Claude Monet", "The Water-Lily Pond", "1899"),
    Painting("gray-tree", "Piet Mondrian", "Gray Tree", "1911"),
)
"""In the order in which they are listed."""


def painting_of(name: str) -> Painting | None:
    """The painting of a built-in style; None where the table has none, as for styles of other models."""
    return next((painting for painting in PAINTINGS if painting.name == name), None)
