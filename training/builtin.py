"""The files of the built-in styles' paintings in the archive of paintings; what they are: streamstyle.styles.paintings."""

from streamstyle.styles import paintings

_FILES = {
    "starry-night": "impr_0035.webp",
    "great-wave": "bee_0020.webp",
    "red-fuji": "ukiyo_0011.webp",
    "scream": "norm_0072.webp",
    "kiss": "norm_0051.webp",
    "sunflowers": "impr_0034.webp",
    "cafe-terrace": "impr_0012.webp",
    "irises": "norm_0029.webp",
    "self-portrait": "bee_0021.webp",
    "sunset": "wik_0053.webp",
    "bather": "wik_0097.webp",
    "circles": "kand_0100.webp",
    "improvisation": "kand_0071.webp",
    "composition": "kand_0153.webp",
    "visit": "bee_0080.webp",
    "drama": "bee_0032.webp",
    "grande-jatte": "norm_0058.webp",
    "pointillist": "wik_0010.webp",
    "blue-dancers": "impr_0008.webp",
    "gray-tree": "norm_0118.webp",
}

PAINTINGS = tuple((painting.name, _FILES[painting.name], painting.description) for painting in paintings.PAINTINGS)
"""Name of the style, file in the archive, what people see."""
