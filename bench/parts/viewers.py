"""Viewers of a studio, in a process of their own: `python -m bench.parts.viewers URL SECONDS VIEWERS [PICTURE]`.

The token is in STREAMSTYLE_TOKEN. Prints one line of JSON. With a JPEG, it is also a browser whose own camera sends that.
"""

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp

_HEADER = struct.Struct(">IIdII")
_CAMERA_RATE = 30
_WIDTH = 1920
_GRACE_SECONDS = 60.0


Seen = list[tuple[float, float, int]]
"""When each picture came, how old it was in milliseconds, and how many bytes it had."""


async def _watch(session: aiohttp.ClientSession, url: str, until: float, seen: Seen) -> None:
    async with session.ws_connect(f"{url}/api/picture", max_msg_size=0) as socket:
        while time.time() < until:
            await socket.send_json({"next": True, "width": _WIDTH})
            message = await socket.receive(timeout=60)
            if message.type is not aiohttp.WSMsgType.BINARY:
                break
            _, size, captured, _, _ = _HEADER.unpack_from(message.data)
            now = time.time()
            seen.append((now, 1000 * now - captured, size))


async def _be_a_camera(session: aiohttp.ClientSession, url: str, until: float, jpeg: bytes) -> None:
    async with session.ws_connect(f"{url}/api/camera") as socket:
        moment = time.time()
        while time.time() < until:
            message = await socket.receive(timeout=60)
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            moment = max(moment + 1 / _CAMERA_RATE, time.time())
            await asyncio.sleep(max(0.0, moment - time.time()))
            await socket.send_bytes(struct.pack(">d", 1000 * time.time()) + jpeg)


async def _main(url: str, seconds: float, viewers: int, camera: Path | None) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {os.environ['STREAMSTYLE_TOKEN']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        until = time.time() + seconds
        watched: list[Seen] = [[] for _ in range(viewers)]
        watching = [asyncio.create_task(_watch(session, url, until, seen)) for seen in watched]
        if camera is not None:
            async with session.post(f"{url}/api/live/start", json={"source": {"kind": "browser"}}) as answer:
                await answer.read()
            await _be_a_camera(session, url, until, camera.read_bytes())
        await asyncio.wait(watching, timeout=max(1.0, until - time.time() + (_GRACE_SECONDS if camera is None else 0)))
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    ages = sorted(age for seen in watched for _, age, _ in seen)
    sizes = [size for seen in watched for _, _, size in seen]
    rates = [(len(seen) - 1) / max(1e-6, seen[-1][0] - seen[0][0]) for seen in watched if len(seen) > 1]
    return {
        "fps": min(rates, default=0.0),
        "p50": ages[len(ages) // 2] if ages else None,
        "p95": ages[int(0.95 * len(ages))] if ages else None,
        "kilobytes": sum(sizes) / max(1, len(sizes)) / 1000,
    }


def main(words: Sequence[str] | None = None) -> None:
    """Watch, and print what came."""
    url, seconds, viewers, *camera = sys.argv[1:] if words is None else words
    print(json.dumps(asyncio.run(_main(url, float(seconds), int(viewers), Path(camera[0]) if camera else None))))


if __name__ == "__main__":
    main()
