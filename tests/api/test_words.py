import numpy as np
import pytest

import streamstyle as st
from streamstyle.api.words import in_python


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("'a.png' exists; use --overwrite", "'a.png' exists; pass overwrite=True"),
        ("--device openvino: not here; or use --device cpu", 'device="openvino": not here; or use device="cpu"'),
        ("2 GB are free; use --size 480 or less", "2 GB are free; use size=480 or less"),
        ("choose another --codec or a larger --output-size", "choose another codec or a larger output_size"),
        ("leave --weights or --mask out", "leave weights or mask out"),
        ("run: pip install --force-reinstall opencv-python", "run: pip install --force-reinstall opencv-python"),
        ("python -m export --precision fp16 makes one", "python -m export --precision fp16 makes one"),
    ],
)
def test_options_become_arguments(message, words):
    assert in_python(message) == words


def test_errors_of_the_library_name_arguments(tmp_path):
    picture = np.zeros((8, 8, 3), np.uint8)
    st.save(tmp_path / "a.png", picture)
    with pytest.raises(st.SinkError, match="pass overwrite=True"):
        st.save(tmp_path / "a.png", picture)
