"""A third-party Buildkite client works against the simulator unchanged."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from inline_snapshot import snapshot
from pybuildkite.buildkite import Buildkite, BuildState
from pybuildkite.jobs import LogFormat

from simulators.buildkite import storage
from simulators.buildkite.models import Build
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving

ORG = "acme-inc"
STEPS = "steps:\n- command: make\n"
GROUPS = (
    "access_tokens",
    "agents",
    "annotations",
    "artifacts",
    "builds",
    "emojis",
    "jobs",
    "meta",
    "organizations",
    "pipelines",
    "teams",
    "users",
)


@pytest.fixture
def client(base: str) -> Any:
    """Return pybuildkite as published, pointed at the simulator."""
    made = Buildkite()
    made.base_url = f"{base}/v2/"
    made.set_access_token("bkua_sim")
    return made


def run_script(client: Any) -> list[Any]:
    """Do what a script would: create, read, cancel, rebuild, list."""
    org, builds = ORG, client.builds()
    made = builds.create_build(org, "web", "HEAD", "main", message="Hello", meta_data={"a": "b"})
    number = made["number"]
    return [
        made["message"],
        builds.get_build_by_number(org, "web", number)["state"],
        builds.cancel_build(org, "web", number)["state"],
        builds.rebuild_build(org, "web", number)["number"],
        [item["number"] for item in builds.list_all_for_pipeline(org, "web", states=[BuildState.CANCELED])],
        [item["number"] for item in builds.list_all_for_org(org, meta_data={"a": "b"})],
        [item["name"] for item in client.agents().list_all(org)],
        [pipeline["slug"] for pipeline in client.pipelines().list_pipelines(org)],
    ]


async def test_pybuildkite(sim: BuildkiteSim, client: Any) -> None:
    """pybuildkite creates, reads, cancels, rebuilds and lists builds, agents and pipelines."""
    assert await asyncio.to_thread(run_script, client) == [
        "Hello",
        "scheduled",
        "canceled",
        2,
        [1],
        [2, 1],
        ["ci-linux-1", "ci-linux-2", "ci-linux-3", "deploy-1"],
        ["web", "deploy-prod", "api", "docs-site", "mobile"],
    ]
    assert sim.builds[0].state == "canceled"


def list_calls(client: Any) -> Iterator[str]:
    """Return every public call of every group, as `group.call`."""
    for group in GROUPS:
        for name, member in vars(type(getattr(client, group)())).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                yield f"{group}.{name}"


def make_examples(sim: BuildkiteSim, client: Any) -> dict[str, Callable[[], Any]]:
    """Return each call with suitable arguments, in an order in which each can succeed."""
    failed, deploy, fresh = (sim.create_build(slug) for slug in ("web", "deploy-prod", "mobile"))
    sim.run_build(failed, fail={"lint"})
    sim.run_build(deploy)
    return {**_reading(sim, client, failed), **_jobs(client, failed, deploy), **_acting(sim, client, fresh)}


def _reading(sim: BuildkiteSim, client: Any, failed: Build) -> dict[str, Callable[[], Any]]:
    job, web = failed.jobs[0].id, (ORG, "web", 1)
    artifact, files = sim.artifact(job, "a.log", b"one line")["id"], client.artifacts()
    sim.annotate(failed, "Look")
    return {
        "access_tokens.get_token": lambda: client.access_tokens().get_token()["description"],
        "agents.list_all": lambda: len(client.agents().list_all(ORG, name="deploy-1")),
        "agents.get_agent": lambda: client.agents().get_agent(ORG, next(iter(sim.agents)))["name"],
        "annotations.list_annotations": lambda: client.annotations().list_annotations(*web)[0]["style"],
        "artifacts.list_artifacts_for_build": lambda: files.list_artifacts_for_build(*web)[0]["path"],
        "artifacts.list_artifacts_for_job": lambda: files.list_artifacts_for_job(*web, job)[0]["path"],
        "artifacts.get_artifact": lambda: files.get_artifact(*web, job, artifact)["file_size"],
        "artifacts.download_artifact": lambda: files.download_artifact(*web, job, artifact),
        "builds.list_all": lambda: len(client.builds().list_all()),
        "builds.list_all_for_org": lambda: len(client.builds().list_all_for_org(ORG, branch="main")),
        "builds.list_all_for_pipeline": lambda: len(client.builds().list_all_for_pipeline(ORG, "web")),
        "builds.get_build_by_number": lambda: client.builds().get_build_by_number(*web)["state"],
        "emojis.list_emojis": lambda: client.emojis().list_emojis(ORG)[0]["name"],
        "meta.get_meta_information": lambda: client.meta().get_meta_information()["webhook_ips"],
        "organizations.list_all": lambda: len(client.organizations().list_all()),
        "organizations.get_org": lambda: client.organizations().get_org(ORG)["slug"],
        "pipelines.list_pipelines": lambda: client.pipelines().list_pipelines(ORG, with_pagination=True).next_page,
        "pipelines.get_pipeline": lambda: client.pipelines().get_pipeline(ORG, "web")["name"],
        "teams.list_teams": lambda: client.teams().list_teams(ORG)[0]["slug"],
        "users.get_current_user": lambda: client.users().get_current_user()["name"],
    }


def _jobs(client: Any, failed: Build, deploy: Build) -> dict[str, Callable[[], Any]]:
    jobs, job, gate = client.jobs(), failed.jobs[0].id, deploy.jobs[1].id
    web, prod, fields = (ORG, "web", 1, job), (ORG, "deploy-prod", 1, gate), {"release-name": "7", "ring": "half"}
    return {
        "jobs.get_job_log": lambda: jobs.get_job_log(*web, log_format=LogFormat.TEXT),
        "jobs.get_job_environment_variables": lambda: sorted(jobs.get_job_environment_variables(*web)),
        "jobs.retry_job": lambda: jobs.retry_job(*web)["state"],
        "jobs.unblock_job": lambda: jobs.unblock_job(*prod, fields)["state"],
        "jobs.delete_job_log": lambda: jobs.delete_job_log(*web),
    }


def _acting(sim: BuildkiteSim, client: Any, fresh: Build) -> dict[str, Callable[[], Any]]:
    builds, pipelines, mobile = client.builds(), client.pipelines(), (ORG, "mobile", fresh.number)
    new = (ORG, "New", "git@github.com:acme/new.git", STEPS)
    visual = (ORG, "Visual", new[2], [{"type": "script", "name": "Test", "command": "make"}, {"type": "waiter"}])
    return {
        "builds.create_build": lambda: builds.create_build(ORG, "api", "HEAD", "main")["number"],
        "builds.cancel_build": lambda: builds.cancel_build(*mobile)["state"],
        "builds.rebuild_build": lambda: builds.rebuild_build(*mobile)["number"],
        "pipelines.create_yaml_pipeline": lambda: pipelines.create_yaml_pipeline(*new)["slug"],
        "pipelines.create_pipeline": lambda: pipelines.create_pipeline(*visual)["configuration"],
        "pipelines.update_pipeline": lambda: pipelines.update_pipeline(ORG, "new", description="x")["description"],
        "pipelines.archive_pipeline": lambda: bool(pipelines.archive_pipeline(ORG, "new")["archived_at"]),
        "pipelines.unarchive_pipeline": lambda: pipelines.unarchive_pipeline(ORG, "new")["archived_at"],
        "pipelines.delete_pipeline": lambda: pipelines.delete_pipeline(ORG, "new"),
        "agents.stop_agent": lambda: client.agents().stop_agent(ORG, next(iter(sim.agents)), force=False),
        "access_tokens.revoke_token": lambda: client.access_tokens().revoke_token(),
    }


async def test_every_call_of_pybuildkite(sim: BuildkiteSim, client: Any) -> None:
    """Each call gets the answer that the client expects; artifacts are on another host, as in real life."""
    sim.limits.user.limit = 1000
    sim.clustered = False  # it knows of no clusters
    tried = make_examples(sim, client)
    (artifact,) = sim.storage.contents
    async with Serving(sim.app) as elsewhere:
        signed = storage.link(sim, artifact, "a.log")
        sim.storage.elsewhere[artifact] = signed.replace(sim.base_url, elsewhere)
        answers = {name: await asyncio.to_thread(call) for name, call in tried.items()}
    assert set(tried) == set(list_calls(client))
    assert answers == snapshot(
        {
            "access_tokens.get_token": "ChatOps",
            "agents.list_all": 1,
            "agents.get_agent": "ci-linux-1",
            "annotations.list_annotations": "info",
            "artifacts.list_artifacts_for_build": "a.log",
            "artifacts.list_artifacts_for_job": "a.log",
            "artifacts.get_artifact": 8,
            "artifacts.download_artifact": b"one line",
            "builds.list_all": 3,
            "builds.list_all_for_org": 3,
            "builds.list_all_for_pipeline": 1,
            "builds.get_build_by_number": "failed",
            "emojis.list_emojis": "rocket",
            "meta.get_meta_information": ["192.0.2.0/24", "198.51.100.12"],
            "organizations.list_all": 1,
            "organizations.get_org": "acme-inc",
            "pipelines.list_pipelines": None,
            "pipelines.get_pipeline": "Web",
            "teams.list_teams": "everyone",
            "users.get_current_user": "Sam Kim",
            "jobs.get_job_log": b"^^^ +++\nexit status 1\n",
            "jobs.get_job_environment_variables": ["env"],
            "jobs.retry_job": "scheduled",
            "jobs.unblock_job": "unblocked",
            "jobs.delete_job_log": True,
            "builds.create_build": 1,
            "builds.cancel_build": "canceled",
            "builds.rebuild_build": 2,
            "pipelines.create_yaml_pipeline": "new",
            "pipelines.create_pipeline": """\
steps:
- label: Test
  command: make
- wait
""",
            "pipelines.update_pipeline": "x",
            "pipelines.archive_pipeline": True,
            "pipelines.unarchive_pipeline": None,
            "pipelines.delete_pipeline": True,
            "agents.stop_agent": True,
            "access_tokens.revoke_token": True,
        }
    )
