"""The paintings of the built-in styles: name, file in the archive of paintings, what people see.

Only their codes are shipped, never the pictures. All painters are in the public domain.
"""

PAINTINGS = (
    ("starry-night", "impr_0035.webp", "Vincent van Gogh, The Starry Night, 1889"),
    ("great-wave", "bee_0020.webp", "Katsushika Hokusai, Under the Wave off Kanagawa, about 1831"),
    ("scream", "norm_0072.webp", "Edvard Munch, The Scream, 1893"),
    ("kiss", "norm_0051.webp", "Gustav Klimt, The Kiss, 1908"),
    ("sunflowers", "impr_0034.webp", "Vincent van Gogh, Sunflowers, 1889"),
    ("cafe-terrace", "impr_0012.webp", "Vincent van Gogh, Cafe Terrace at Night, 1888"),
    ("irises", "norm_0029.webp", "Vincent van Gogh, Irises, 1889"),
    ("wheat-field", "bee_0011.webp", "Vincent van Gogh, Wheat Field with Cypresses, 1889"),
    ("self-portrait", "bee_0021.webp", "Vincent van Gogh, Self-Portrait, 1889"),
    ("adele", "norm_0016.webp", "Gustav Klimt, Portrait of Adele Bloch-Bauer, 1907"),
    ("tahiti", "norm_0081.webp", "Paul Gauguin, When Will You Marry?, 1892"),
    ("improvisation", "kand_0071.webp", "Wassily Kandinsky, abstract painting"),
    ("composition", "kand_0153.webp", "Wassily Kandinsky, abstract painting"),
    ("street-pavers", "norm_0018.webp", "Umberto Boccioni, The Street Pavers, 1914"),
    ("drama", "bee_0032.webp", "Robert Delaunay, Political Drama, 1914"),
    ("grande-jatte", "norm_0058.webp", "Georges Seurat, A Sunday on La Grande Jatte, 1886"),
    ("pointillist", "wik_0010.webp", "Georges Lemmen, Self-portrait, about 1890"),
    ("blue-dancers", "impr_0008.webp", "Edgar Degas, Blue Dancers, about 1897"),
    ("water-lilies", "norm_0101.webp", "Claude Monet, The Water-Lily Pond, 1899"),
    ("gray-tree", "norm_0118.webp", "Piet Mondrian, Gray Tree, 1911"),
)
