"""The API against its own description."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from streamstyle.studio.openapi import describe
from streamstyle.studio.routes import SWITCH, Route
from streamstyle.studio.schema import ON
from streamstyle.studio.server import API
from tests.studio.servers import TOKEN, on_a_thread


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="needs schemathesis")
def test_answers_are_what_the_description_says(tmp_path):
    # What is right by the description may still contradict the rest of the look, and is then refused.
    options = ["--max-examples", "8", "--exclude-checks", "positive_data_acceptance", "--seed", "1", "--no-color"]
    with on_a_thread(tmp_path) as url:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api", *options]
        command += ["--phases", "coverage,fuzzing", "-H", f"Authorization: Bearer {TOKEN}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=800, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert f"Tested: {sum(route.described for route in API)}" in done.stdout


def test_every_route_is_described_once():
    told = describe(API)
    described = [(method.upper(), path) for path, methods in told["paths"].items() for method in methods]
    assert len(described) == len(set(described)) == sum(route.described for route in API)
    assert {("PATCH", "/api/look"), ("POST", "/api/jobs"), ("GET", "/api/looks/{name}.toml")} <= set(described)
    assert told["openapi"] == "3.1.0"


def test_a_description_holds_bodies_names_and_failures():
    async def handler(_request):
        """A thing."""

    route = Route("PUT", "/api/things/{name:[a-z]+}", handler, ON, body=SWITCH)
    told = describe([route])["paths"]["/api/things/{name}"]["put"]
    assert told["summary"] == "A thing."
    assert [place["name"] for place in told["parameters"]] == ["name"]
    assert told["requestBody"]["content"]["application/json"]["schema"]["required"] == ["on"]
    assert set(told["responses"]) == {"200", "400", "401", "403", "404", "408", "413", "415"}


def test_whatever_takes_a_body_says_that_it_may_be_too_slow_too_large_or_compressed():
    told = [method for methods in describe(API)["paths"].values() for method in methods.values()]
    bodies = [method for method in told if "requestBody" in method]
    assert len(bodies) == sum(route.body is not None or route.upload for route in API if route.described)
    assert all({"408", "413", "415"} <= set(method["responses"]) for method in bodies)
