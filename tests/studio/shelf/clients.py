"""What clients of the shelf do."""

import asyncio
import io

import numpy as np
from PIL import Image as Pillow

from streamstyle.frame import Image

PATIENCE = 90.0
"""Seconds that anything may take."""


async def add(client, data, name, **query):
    """Send a file into the queue; returns its job."""
    answer = await client.post("/api/jobs", params={"name": name, **query}, data=io.BytesIO(data))
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def get(client, path):
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def until(client, job_id, *phases):
    """Wait for a job to be in one of some phases; returns it."""
    async with asyncio.timeout(PATIENCE):
        while (job := await get(client, f"/api/jobs/{job_id}"))["phase"] not in phases:
            await asyncio.sleep(0.02)
    return job


async def wait_until(condition):
    """Ask again and again."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def frames_done(client, job, least):
    """Wait until that many frames of a job are painted."""
    async with asyncio.timeout(PATIENCE):
        while (await get(client, f"/api/jobs/{job['id']}"))["done"] < least:
            await asyncio.sleep(0.02)


async def over(client, job_id):
    return await until(client, job_id, "done", "failed", "cancelled")


async def problem(answer):
    """Status and words of an answer that is no success."""
    return answer.status, (await answer.json())["error"]


def photo(width=96, height=64, form="JPEG") -> bytes:
    """A picture of coarse, colorful noise as a file."""
    noise = np.random.default_rng(1).integers(0, 255, (max(1, height // 8), max(1, width // 8), 3)).astype(np.uint8)
    data = io.BytesIO()
    Pillow.fromarray(noise).resize((width, height)).save(data, form)
    return data.getvalue()


async def picture(client, path) -> Image:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return np.asarray(Pillow.open(io.BytesIO(await answer.read())).convert("RGB"))
