"""What each figure of an evaluation is called, which way is better, and what it means: for tables, plots and readers."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["more", "less", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        key: In the records.
        label: In tables.
        better: Which way is better, where one is.
        digits: After the point.
        meaning: One or two sentences.
    """

    key: str
    label: str
    better: Better
    digits: int
    meaning: str


METRICS = (
    Metric(
        "E",
        "E",
        "more",
        3,
        "Effectiveness as the project's report defines it: VGG-19 features before their ReLU, projected on 128 random unit "
        "vectors per layer; mean and deviation of all layers' projections together; -log of the mean divergence "
        "KL(result || painting) between the two normals.",
    ),
    Metric(
        "E_by_layer",
        "E, by layer",
        "more",
        3,
        "The same with a normal of its own for every layer, averaged over the layers.",
    ),
    Metric(
        "E_yeh",
        "E, Yeh et al.",
        "more",
        3,
        "The published form (WACV 2020): per layer -log KL of two Gaussians in a PCA basis of natural photos, averaged "
        "over the layers without the paper's calibration. Directions with less than 1e-5 of the first one's variance are "
        "left out.",
    ),
    Metric(
        "C",
        "C (SSIM)",
        "more",
        3,
        "Coherence as the project's report defines it: structural similarity of the luminance of photo and result.",
    ),
    Metric("C_luminance", "luminance", "more", 3, "The factor of SSIM that compares local means."),
    Metric("C_contrast", "contrast", "more", 3, "The factor of SSIM that compares local deviations."),
    Metric("C_structure", "structure", "more", 3, "The factor of SSIM that is the local correlation."),
    Metric(
        "edges",
        "edge agreement",
        "more",
        3,
        "F-measure of the strongest 5 % of edges of photo and result, tolerance 0.75 % of the diagonal, above chance. Not "
        "the contour agreement of Yeh et al., whose detector is not here.",
    ),
    Metric(
        "Lc",
        "Lc",
        "less",
        3,
        "The paper's content loss at relu4_1: distance from AdaIN's target, which is neither the photo nor the painting.",
    ),
    Metric(
        "Ls", "Ls", "less", 3, "The paper's style loss: means and deviations of relu1_1 to relu4_1 against the painting's."
    ),
    Metric(
        "color_to_style",
        "colors to painting",
        "less",
        3,
        "Frechet distance of the colors' Gaussians (RGB mean and covariance), as a share of the range.",
    ),
    Metric("color_to_content", "colors to photo", "less", 3, "The same distance from the photo's colors."),
    Metric("sharpness", "sharpness", "neither", 1, "Mean absolute Laplacian of the luminance, in levels."),
)
"""Figures of single pictures."""

CLIP_METRICS = (
    Metric(
        "Ew",
        "Ew",
        "less",
        1,
        "Warping error: mean difference from the frame before, moved along with the input's motion, where nothing was "
        "hidden; thousandths of the range.",
    ),
    Metric(
        "Ew_input", "Ew, input", "neither", 1, "The input's own warping error: what noise and bad motion estimates give."
    ),
    Metric(
        "jump",
        "jump",
        "less",
        2,
        "Largest change from one frame to the next of the mean color where the input rests, in levels.",
    ),
    Metric("jump_input", "jump, input", "neither", 2, "The same of the input."),
    Metric(
        "adjacent",
        "adjacent",
        "less",
        1,
        "Mean difference of neighboring frames, motion or not; thousandths of the range.",
    ),
    Metric("adjacent_input", "adjacent, input", "neither", 1, "The same of the input."),
    Metric("sharpness", "sharpness", "neither", 1, "Mean absolute Laplacian: blurring lowers Ew, too."),
)
"""Figures of clips."""

BY_KEY = {metric.key: metric for metric in METRICS}
