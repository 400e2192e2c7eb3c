"""Examples of every call of the client that together use all of its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bot.buildkite.endpoints.notification_services import WebhookService
from bot.buildkite.endpoints.pipelines import NewPipeline, PipelineChanges
from bot.buildkite.models import Person
from bot.buildkite.resources import NewBuild
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
NEW = NewBuild(
    "main", "HEAD", "By hand", Person(name="Ada", email="ada@example.com"), {"A": "1"}, {"b": "2"}, True
)


class Arguments(NamedTuple):
    """Arguments of one call."""

    args: tuple[Any, ...]
    named: Mapping[str, Any]


def given(*args: Any, **named: Any) -> Arguments:
    return Arguments(args, named)


@dataclass(frozen=True)
class Scene:
    """An organization with objects of every kind: a failed build of web, a blocked deploy, a running build."""

    sim: BuildkiteSim
    failed: str
    block_step: str
    running: str
    waiting: str
    artifact: str
    annotation: str
    job_annotation: str
    service: str


def make_scene() -> Scene:
    sim = BuildkiteSim(now=NOW.timestamp)
    seed_demo(sim)
    sim.limits.user.limit = sim.limits.org.limit = 10_000
    sim.scopes.add("graphql")
    web, deploy, busy = (sim.create_build(slug) for slug in ("web", "deploy-prod", "api"))
    sim.run_build(web, fail={"test"})
    failed = next(job.id for job in web.jobs if job.state == "failed")
    sim.run_build(deploy)
    sim.start_job(busy.jobs[0].id)
    sim.log(failed, "1 example, 1 failure\n")
    sim.archive("docs-site")
    sim.agent_pause([agent for agent in sim.agents.values() if agent.job is None][1])
    sim.cluster.queues[1].paused = True
    sim.stacks["kube"] = {
        "key": "kube",
        "type": "kubernetes",
        "cluster_queue_key": "default",
        "state": "connected",
    }
    return Scene(
        sim,
        failed=failed,
        block_step=deploy.jobs[1].id,
        running=busy.jobs[0].id,
        waiting=sim.create_build("mobile").jobs[0].id,
        artifact=sim.artifact(failed, "log/test.log", b"failed")["id"],
        annotation=sim.annotate(web, "Look", style="error")["id"],
        job_annotation=sim.annotate(web, "Here", context="here", job=sim.find_job(failed))["id"],
        service=sim.add_webhook("https://bot.example.com/hook", "secret").id,
    )


def list_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    """Return examples by the name of the method."""
    groups = (
        list_build_calls,
        list_job_calls,
        list_file_calls,
        list_agent_and_cluster_calls,
        list_organization_calls,
        list_pipeline_calls,
        list_service_calls,
    )
    return {name: examples for list_group in groups for name, examples in list_group(at).items()}


def list_build_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    every = {"state": ["failed", "passed"], "branch": ["main"], "commit": "a" * 40, "creator": at.sim.user.id}
    span = {"created_from": NOW, "created_to": NOW}
    flags = {"exclude_jobs": False, "exclude_pipeline": True, "include_retried_jobs": True}
    return {
        "builds": (
            given("web", **every, **span, finished_from=NOW, **flags, meta_data={"a": "b"}, limit=3),
            given(),
        ),
        "builds_page": (given("web", page=1, size=5, **every, **span, meta_data={"a": "b"}), given()),
        "build": (given("web", 1, jobs=True, job_states=["failed"]), given("web", 1, jobs=False)),
        "build_environment": (given("web", 1),),
        "create_build": (given("web", NEW, "a-mark"), given("web", NewBuild("main"), None)),
        "find_marked_build": (given("web", "a-mark"),),
        "cancel_build": (given("api", 1),),
        "rebuild_build": (given("web", 1),),
        "retry_failed_jobs": (given("web", 1),),
    }


def list_job_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    failed = ("web", 1, at.failed)
    return {
        "jobs": (given("web", 1, state=["failed"], include_retried=True),),
        "job": (given(at.failed),),
        "retry_job": (given(*failed),),
        "unblock_job": (given(at.block_step, {"release-name": "7"}, at.sim.user.id),),
        "reprioritize_job": (given(at.waiting, 5),),
        "job_env": (given(*failed),),
        "job_log": (given(*failed),),
        "job_log_tail": (given(*failed, bytes_=10),),
        "job_log_end": (given(*failed, bytes_=10),),
        "cancel_job": (given(at.running),),
    }


def list_file_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    artifact = ("web", 1, at.failed, at.artifact)
    options = {"style": "info", "context": "tests", "priority": 5, "append": True}
    return {
        "artifacts": (given("web", 1, path="log/*", state="finished", limit=5), given("web", 1, job=at.failed)),
        "artifact": (given(*artifact),),
        "artifact_link": (given(*artifact),),
        "artifact_bytes": (given(*artifact, max_bytes=1000),),
        "delete_artifact": (given(*artifact),),
        "annotations": (given("web", 1, scope="build", limit=5), given("web", 1, job=at.failed)),
        "annotate": (given("web", 1, "Look", **options), given("web", 1, "Look", job=at.failed)),
        "delete_annotation": (given("web", 1, at.annotation), given("web", 1, at.job_annotation, job=at.failed)),
    }


def list_agent_and_cluster_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    cluster = at.sim.cluster
    queue, other = cluster.queues
    idle, paused, stopped = [agent for agent in at.sim.agents.values() if agent.job is None][:3]
    return {
        "agents": (given(name=idle.name, hostname=idle.hostname, version="3.1", cluster_queue_id=queue.id),),
        "agent": (given(idle.id),),
        "pause_agent": (given(idle.id, "Disk", 15),),
        "resume_agent": (given(paused.id),),
        "stop_agent": (given(stopped.id, force=True),),
        "clusters": (given(),),
        "cluster": (given(cluster.id),),
        "queues": (given(cluster.id),),
        "queue": (given(cluster.id, queue.id),),
        "pause_queue": (given(cluster.id, queue.id, "Release day"),),
        "resume_queue": (given(cluster.id, other.id),),
        "agent_tokens": (given(cluster.id),),
    }


def list_organization_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    """Return examples of calls for the token and the organization."""
    first = {kind: at.sim.documents_of(kind)[0] for kind in ("team", "template", "rule")}
    bare = ("access_token", "revoke_access_token", "user", "meta", "organizations", "get_organization", "members")
    return {
        **dict.fromkeys((*bare, "templates", "rules", "emojis"), (given(),)),
        "teams": (given(user_id=at.sim.user.id),),
        "team": (given(first["team"]["id"]),),
        "template": (given(first["template"]["uuid"]),),
        "read_raw": (given("rules", params={"per_page": "1"}), given("rate_limit")),
        "rule": (given(first["rule"]["uuid"]),),
    }


def list_pipeline_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    steps = "steps:\n- command: make\n"
    address = "git@github.com:acme-inc/new.git"
    team = {at.sim.documents_of("team")[0]["id"]: "build_and_read"}
    more = {
        "default_branch": "trunk",
        "description": "New",
        "teams": team,
        "tags": ("a",),
        "visibility": "private",
    }
    new = NewPipeline("New", address, at.sim.cluster.id, steps, "new", **more)  # type: ignore[arg-type]
    return {
        "pipelines": (given("e", repository="acme", limit=2),),
        "pipeline": (given("web"),),
        "create_pipeline": (given(new),),
        "find_created_pipeline": (given(new),),
        "update_pipeline": (given("web", PipelineChanges(description="Newer", tags=("b",))),),
        "archive_pipeline": (given("mobile"),),
        "unarchive_pipeline": (given("docs-site"),),
        "delete_pipeline": (given("mobile"),),
        "create_github_webhook": (given("web"),),
    }


def list_service_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    new = WebhookService("https://bot.example.com/new", "secret", "signature", ("build.finished",), "Kitestring")
    return {
        "services": (given(),),
        "service": (given(at.service),),
        "create_service": (given(new),),
        "update_service": (given(at.service, {"description": "Newer"}),),
        "enable_service": (given(at.service),),
        "delete_service": (given(at.service),),
    }


def list_agent_api_calls(at: Scene) -> dict[str, tuple[Arguments, ...]]:
    """Return examples of calls to the Agent API."""
    return {
        "metrics": (given(),),
        "queue_metrics": (given("default"),),
        "stacks": (given(),),
        "scheduled_jobs": (given("kube", queue="default"),),
        "job_states": (given("kube", [at.waiting]),),
    }
