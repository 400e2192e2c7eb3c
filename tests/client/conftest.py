"""A simulated organization with the same few builds for every test."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC).timestamp()


@pytest.fixture
def sim() -> BuildkiteSim:
    """Two builds of web have failed and one has passed; a deploy is blocked; a build has an annotation."""
    made = BuildkiteSim(now=lambda: NOW)
    seed_demo(made)
    for branch, fails in (("main", {"test"}), ("main", set()), ("cart", {"lint"})):
        made.run_build(made.create_build("web", branch, message=f"Work on {branch}"), fail=fails)
    made.log(made.builds[0].jobs[1].id, "1 example, 1 failure: cart is not empty\n")
    made.run_build(made.create_build("deploy-prod", message="Release 7"))
    made.annotate(made.builds[0], "<p>1 test failed</p>", style="error", context="tests")
    return made


@pytest.fixture
async def base(sim: BuildkiteSim) -> AsyncIterator[str]:
    async with Serving(sim.app) as url:
        sim.base_url = url
        yield url
