from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.studio.shelf.fakes import shelf_app


@pytest.fixture
def data(tmp_path):
    """The data folder of the studio."""
    return tmp_path / "data"


@pytest.fixture
def studio(data):
    """Begins the shelf's part of the studio, as often as is wanted: `async with studio() as client`."""

    @asynccontextmanager
    async def begin():
        async with TestClient(TestServer(shelf_app(data), handler_cancellation=True)) as client:
            yield client

    return begin
