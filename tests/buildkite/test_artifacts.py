"""Artifacts, annotations, environments and single jobs: what is sent to Buildkite, and what never is."""

import re

import httpx
import pytest

from bot.buildkite import downloads
from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints import graphql
from bot.errors import Conflict, NotFound, Refused, Unavailable
from simulators.buildkite.models import Build, Job
from simulators.buildkite.sim import BuildkiteSim

KIBIBYTE = b"0123456789abcdef" * 64


@pytest.fixture
def build(sim: BuildkiteSim) -> Build:
    sim.pipeline("web", steps=[{"label": "Test", "command": "make", "key": "test"}])
    return sim.create_build("web")


@pytest.fixture
def job(build: Build) -> Job:
    return build.jobs[0]


async def test_artifacts_of_a_build_and_of_a_job(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """Path and state filter the list; an unknown state is refused in Buildkite's words."""
    for path in ("dist/app.js", "dist/app.css", "log/test.xml"):
        sim.artifact(job.id, path, b"x")
    sim.artifact(job.id, "log/late.xml")["state"] = "new"
    every = [artifact.path async for artifact in buildkite.artifacts("web", 1)]
    assert every == ["dist/app.js", "dist/app.css", "log/test.xml", "log/late.xml"]
    chosen = buildkite.artifacts("web", 1, job=job.id, path="log/*", state="finished")
    assert [(item.path, item.file_size, item.job_id) async for item in chosen] == [("log/test.xml", 1, job.id)]
    with pytest.raises(Conflict, match="state is invalid"):
        [artifact async for artifact in buildkite.artifacts("web", 1, state="odd")]


async def test_a_download_does_not_send_the_token(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """The request to the storage contains nothing that identifies the bot's account."""
    made = sim.artifact(job.id, "dist/app.js", KIBIBYTE)
    assert await buildkite.artifact_bytes("web", 1, job.id, made["id"], max_bytes=1024) == KIBIBYTE
    asked = sim.requests[-1]
    assert (asked.path.startswith("/storage/"), asked.by, asked.status) == (True, "", 200)
    assert sorted(asked.headers) == ["accept", "accept-encoding", "host", "user-agent"]


async def test_a_file_above_the_limit_is_not_read(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """A file larger than the limit is refused, whatever size Buildkite states."""
    made = sim.artifact(job.id, "dist/app.js", KIBIBYTE * 2)
    with pytest.raises(Conflict, match=re.escape("That file is larger than 1,024 bytes.")):
        await buildkite.artifact_bytes("web", 1, job.id, made["id"], max_bytes=1024)


async def test_a_download_link_expires(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """A link expires after a minute; a new one works."""
    made = sim.artifact(job.id, "dist/app.js", b"x")
    link = await buildkite.artifact_link("web", 1, job.id, made["id"])
    buildkite.requests.clock.advance(60)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="answered 403"):
        await downloads.fetch(buildkite.requests.http, link, 10)
    assert await buildkite.artifact_bytes("web", 1, job.id, made["id"], max_bytes=10) == b"x"


@pytest.mark.parametrize(
    "link",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/x",
        "https://[::1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://[64:ff9b::a9fe:a9fe]/x",
        "https://[fe80::1]/x",
        "https://2130706433/",
        "https://224.0.0.1/x",
        "http://93.184.216.34/x",
        "https://93.184.216.34:8443/x",
        "https://user@93.184.216.34/x",
        "http://127.0.0.1:1/x",
    ],
)
async def test_a_link_to_an_internal_address_is_not_followed(
    sim: BuildkiteSim, buildkite: Buildkite, job: Job, link: str
) -> None:
    """An organization's own storage chooses the link: only public https addresses are fetched."""
    made = sim.artifact(job.id, "dist/app.js", b"x")
    sim.storage.elsewhere[made["id"]] = link
    with pytest.raises(Conflict, match="don't download from that file's host"):
        await buildkite.artifact_bytes("web", 1, job.id, made["id"], max_bytes=10)


async def test_loopback_is_only_allowed_for_an_api_on_loopback() -> None:
    """With Buildkite's real API, loopback addresses are refused like other internal ones."""
    async with httpx.AsyncClient(base_url="https://api.buildkite.com/v2/") as http:
        with pytest.raises(Conflict, match="don't download from that file's host"):
            await downloads.fetch(http, "http://127.0.0.1:3000/metrics", 10)


@pytest.mark.parametrize(
    ("address", "open_"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("100.64.0.1", False), ("2002:7f00:1::", False)],
)
def test_which_addresses_are_public(address: str, open_: bool) -> None:
    """Shared, private and translated addresses aren't public."""
    assert downloads.is_public(address) is open_


def test_the_connection_uses_the_checked_address() -> None:
    """The host name is only used in the Host header and in TLS, so no second look-up can lead elsewhere."""
    request = downloads.pin_to_address(httpx.URL("https://files.example/a?X=1"), "2606:2800:220:1::1")
    assert str(request.url) == "https://[2606:2800:220:1::1]/a?X=1"
    assert request.headers["Host"] == request.extensions["sni_hostname"] == "files.example"


async def test_an_artifact_is_read_and_deleted(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """A deleted artifact can still be read and has the state deleted."""
    made = sim.artifact(job.id, "dist/app.js", b"x")
    await buildkite.delete_artifact("web", 1, job.id, made["id"])
    assert (await buildkite.artifact("web", 1, job.id, made["id"])).state == "deleted"
    with pytest.raises(NotFound):
        await buildkite.artifact("web", 1, job.id, "nonesuch")


async def test_annotations_of_a_build_and_of_its_jobs(buildkite: Buildkite, build: Build, job: Job) -> None:
    """Annotations are listed for a build or a job, replaced or appended by context, and deleted."""
    await buildkite.annotate("web", 1, "Coverage 71 %", style="warning", context="coverage")
    await buildkite.annotate("web", 1, "was 75 %", context="coverage", append=True)
    item = await buildkite.annotate(
        "web", 1, "42 passed", style="success", context="tests", priority=9, job=job.id
    )
    annotations = [(each.context, each.scope, each.priority) async for each in buildkite.annotations("web", 1)]
    assert annotations == [("coverage", "build", 3), ("tests", "job", 9)]
    assert build.annotations[0]["body_html"] == "<p>Coverage 71 %</p>\n<p>was 75 %</p>\n"
    assert [each.id async for each in buildkite.annotations("web", 1, job=job.id)] == [item.id]
    await buildkite.delete_annotation("web", 1, item.id, job=job.id)
    assert [each.context async for each in buildkite.annotations("web", 1)] == ["coverage"]


async def test_annotations_are_read_page_by_page(sim: BuildkiteSim, buildkite: Buildkite, build: Build) -> None:
    """Pages of 100 are read to the end; a limit that fits one page takes one request."""
    for number in range(103):
        sim.annotate(build, "x", context=str(number))
    assert len([annotation async for annotation in buildkite.annotations("web", 1)]) == 103
    before = len(sim.requests)
    assert len([annotation async for annotation in buildkite.annotations("web", 1, limit=20)]) == 20
    assert len(sim.requests) == before + 1


@pytest.mark.parametrize(("how", "times"), [({"context": "a"}, 2), ({"context": "a", "append": True}, 1), ({}, 1)])
async def test_only_a_replacing_annotation_is_retried(
    sim: BuildkiteSim, buildkite: Buildkite, build: Build, how: dict[str, object], times: int
) -> None:
    """After an uncertain answer an annotation is retried only if that leaves a single annotation."""
    sim.faults.fail(502, method="POST", applied=True)
    if times == 1:
        with pytest.raises(Unavailable) as lost:
            await buildkite.annotate("web", 1, "x", **how)  # type: ignore[arg-type]
        assert lost.value.sent
    else:
        await buildkite.annotate("web", 1, "x", **how)  # type: ignore[arg-type]
    assert sum(request.method == "POST" for request in sim.requests) == times
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>x</p>\n"]


async def test_an_environment_does_not_show_its_values(buildkite: Buildkite, job: Job) -> None:
    """Names are readable; values must be requested by name and aren't printed by accident."""
    job.env["NPM_TOKEN"] = "hunter2secret"
    found = await buildkite.job_env("web", 1, job.id)
    assert "NPM_TOKEN" in found
    assert found["NPM_TOKEN"].get_secret_value() == "hunter2secret"
    assert "hunter2secret" not in repr(found)


async def test_a_job_is_reprioritized(buildkite: Buildkite, job: Job) -> None:
    """The answer has the job's new priority."""
    moved = await buildkite.reprioritize_job(job.id, 7)
    assert moved.priority
    assert (moved.priority.number, job.priority) == (7, 7)


async def test_a_single_job_is_canceled_over_graphql(
    sim: BuildkiteSim, buildkite: Buildkite, build: Build, job: Job
) -> None:
    """The mutation identifies the job by its node ID and returns the job's new state."""
    sim.scopes.add("graphql")
    sim.start_job(job.id)
    assert await buildkite.cancel_job(job.id) == "canceling"
    assert (sim.requests[-1].path, job.state, build.state) == ("/graphql/v1", "canceling", "running")
    assert sim.requests[-1].json["variables"] == {"input": {"id": graphql.encode_job_id(job.id)}}
    with pytest.raises(Conflict, match="already finished"):
        await buildkite.cancel_job(job.id)


async def test_a_token_without_graphql_access_cancels_nothing(buildkite: Buildkite, job: Job) -> None:
    """The error says that the token needs GraphQL access, and the job isn't canceled."""
    with pytest.raises(Refused, match="needs a token with GraphQL access") as refused:
        await buildkite.cancel_job(job.id)
    assert refused.value.hint == "Buildkite refused: Your access token doesn't have the graphql scope."
    assert job.state == "scheduled"


async def test_graphql_requests_are_never_retried(sim: BuildkiteSim, buildkite: Buildkite, job: Job) -> None:
    """An unanswered request stays uncertain and isn't sent again."""
    sim.scopes.add("graphql")
    sim.faults.fail(502, method="POST", applied=True)
    with pytest.raises(Unavailable) as lost:
        await buildkite.cancel_job(job.id)
    assert (lost.value.sent, job.state, len(sim.requests)) == (True, "canceled", 1)


def test_the_graphql_endpoint_follows_the_rest_endpoint() -> None:
    """The token is sent to Buildkite's own GraphQL endpoint, or to the simulator's."""
    assert graphql.find_endpoint("https://api.buildkite.com/v2/") == "https://graphql.buildkite.com/v1"
    assert graphql.find_endpoint("http://127.0.0.1:4000/v2/") == "http://127.0.0.1:4000/graphql/v1"
