"""An organization in which each operation has something to act on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A failed build of web, three scheduled builds of mobile, and a blocked deploy."""
    async with open_world(tmp_path, agents=True) as world:
        vendor = world.buildkite
        vendor.limits.user.limit = vendor.limits.org.limit = 5000
        vendor.scopes.add("graphql")
        failed, deploy = vendor.create_build("web"), vendor.create_build("deploy-prod")
        vendor.run_build(failed, fail={"lint"})
        vendor.run_build(deploy)
        vendor.log(failed.jobs[0].id, "1 error\n")
        vendor.artifact(failed.jobs[0].id, "log/lint.log", b"1 error")
        vendor.annotate(failed, "1 error", style="error")
        for _ in range(3):
            vendor.create_build("mobile")
        await world.settle(3)
        yield world
