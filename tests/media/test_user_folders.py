"""Whoever runs the program may have no home, as in containers: it works without a cache."""

import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.runtime.catalog import installed_models, vgg_weights
from streamstyle.studio.folders import Folders
from streamstyle.styles.code import StyleCode
from streamstyle.styles.own import own_styles
from streamstyle.styles.store import CodeCache


def test_a_user_without_a_home_has_no_styles_no_cache_and_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_names: object, **_options: object) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_data_dir", nobody)
    monkeypatch.setattr("platformdirs.user_cache_dir", nobody)
    assert own_styles() == {}
    assert installed_models() == ["fast"]
    assert vgg_weights() is None
    cache = CodeCache()
    cache.put("key", StyleCode("kiss", "1", {"x": np.ones((1, 2, 1, 1), np.float32)}))
    assert cache.get("key", "kiss", "1") is None
    with pytest.raises(SinkError, match="set HOME"):
        Folders.of()
