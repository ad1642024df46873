"""What clients of the shelf do."""

import asyncio
import io

import numpy as np
from PIL import Image as Pillow

from streamstyle.frame import Image


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
    while (job := await get(client, f"/api/jobs/{job_id}"))["phase"] not in phases:
        await asyncio.sleep(0.02)
    return job


async def over(client, job_id):
    return await until(client, job_id, "done", "failed", "cancelled")


async def problem(answer):
    """Status and words of an answer that is no success."""
    return answer.status, (await answer.json())["error"]


def photo(width=96, height=64, form="JPEG") -> bytes:
    """A picture of coarse, colourful noise as a file."""
    noise = np.random.default_rng(1).integers(0, 255, (max(1, height // 8), max(1, width // 8), 3)).astype(np.uint8)
    data = io.BytesIO()
    Pillow.fromarray(noise).resize((width, height)).save(data, form)
    return data.getvalue()


async def picture(client, path) -> Image:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return np.asarray(Pillow.open(io.BytesIO(await answer.read())).convert("RGB"))
