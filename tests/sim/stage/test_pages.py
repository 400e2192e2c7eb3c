"""The pages that links of cards lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from simulators.buildkite.storage import link
from simulators.demo_page.app import DemoPage
from simulators.demo_page.build_pages import with_pages
from simulators.demo_page.job_output import finish, start
from simulators.http_server import Serving


async def fetched(stage: DemoPage, path: str) -> httpx.Response:
    async with (
        Serving(with_pages(stage.buildkite)) as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
    ):
        return await client.get(path)


async def test_a_build_has_a_page(stage: DemoPage) -> None:
    """A build's page shows its state and the failed job's log, with hostile text escaped."""
    build = stage.buildkite.create_build("web", message="<script>alert(1)</script>")
    start(stage.buildkite, build.find_job("lint"))
    finish(stage.buildkite, build.find_job("lint"), 1)
    link = stage.scene("U0ALICE01")["buildkite"]["builds"][0]["url"]
    answer = await fetched(stage, urlsplit(link).path)
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "failing</span>" in answer.text
    assert "ships to islands" in answer.text
    assert "\x1b" not in answer.text


async def test_a_pipeline_lists_its_builds(stage: DemoPage) -> None:
    """A pipeline's page links its builds, and no others."""
    for slug in ("web", "api"):
        stage.buildkite.create_build(slug)
    answer = await fetched(stage, "/acme-inc/web")
    assert 'href="/acme-inc/web/builds/1"' in answer.text
    assert "/api/" not in answer.text


@pytest.mark.parametrize("path", ["/acme-inc/web/builds/9", "/acme-inc/nothing", "/elsewhere"])
async def test_unknown_addresses_are_not_found(stage: DemoPage, path: str) -> None:
    """Unknown addresses get 404."""
    assert (await fetched(stage, path)).status_code == 404


async def test_the_api_is_still_behind_its_token(stage: DemoPage) -> None:
    """The API beside the pages still needs its token: without one, 401."""
    assert (await fetched(stage, "/v2/user")).status_code == 401


def test_jobs_leave_files(stage: DemoPage) -> None:
    """A test job uploads its report, a packaging job its package; a failed one packages nothing."""
    build = stage.buildkite.create_build("web")
    for name, status in (("lint", 0), ("test", 1)):
        start(stage.buildkite, build.find_job(name))
        finish(stage.buildkite, build.find_job(name), status)
    assert [(artifact["path"], artifact["file_size"] < 1000) for artifact in build.artifacts] == [
        ("reports/junit.xml", True)
    ]
    whole = stage.buildkite.create_build("web")
    while stage.buildkite.advance(whole):
        for job in whole.jobs:
            if job.state == "running":
                finish(stage.buildkite, job)
    assert [artifact["path"] for artifact in whole.artifacts] == [
        "reports/junit.xml",
        "reports/junit.xml",
        "dist/web.tar.gz",
    ]


async def test_the_apis_are_beside_the_pages(stage: DemoPage) -> None:
    """A file is at its link, and GraphQL is beside the pages."""
    build = stage.buildkite.create_build("web")
    made = stage.buildkite.artifact(build.jobs[0].id, "dist/app.js", b"x")
    path = urlsplit(link(stage.buildkite, made["id"], "app.js"))
    assert (await fetched(stage, f"{path.path}?{path.query}")).content == b"x"
    await fetched(stage, "/graphql/v1")
    assert [request.path for request in stage.buildkite.requests] == [path.path, "/graphql/v1"]
