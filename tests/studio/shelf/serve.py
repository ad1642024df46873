"""The shelf's part of the studio as a program: `python -m tests.studio.shelf.serve FOLDER`; prints its address."""

import asyncio
import sys
from pathlib import Path

from aiohttp.test_utils import TestServer

from tests.studio.shelf.fakes import shelf_app


async def main():
    async with TestServer(shelf_app(Path(sys.argv[1]))) as server:
        print(server.make_url("/"), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
