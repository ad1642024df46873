import os

import pytest

from export import download as module
from tests.export.download.server import Script, serve


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {module.MIRROR_VARIABLE, "SSL_CERT_FILE", "SSL_CERT_DIR"}:
            monkeypatch.delenv(name)


@pytest.fixture
def server():
    script = Script()
    stop = serve(script)
    yield script
    stop()
