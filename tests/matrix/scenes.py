"""For each operation: its command, the state it needs in Buildkite, and its requests that change something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.access.api_tokens.model import ApiToken
from bot.operations.invocation import Invocation
from bot.operations.operation import Effect, Operation
from bot.slack.types import Thread
from commands import registry
from simulators.buildkite.models import Build
from tests.matrix.acting import find_newest_message, settle_all
from tests.matrix.cast import PRODUCTION, Cast

AGENT, QUEUE, CLUSTER = "ci-linux-1", "deploy", '"Open Source"'
SPARE, REPO = "spare", "git@github.com:acme-inc/created.git"


@dataclass(frozen=True)
class Props:
    """The target of an operation: a build's number, a job's id, a proposal's id."""

    number: int = 0
    job: str = ""
    proposal: str = "nonesuch"


@dataclass(frozen=True)
class Scene:
    """`words` with `{pipeline}`, `{number}`, `{job}`, `{proposal}`; `props` is a name in `PROPS`.

    `writes` are the requests that change something at Buildkite, ids left out.
    """

    words: str
    props: str = "nothing"
    writes: tuple[str, ...] = ()


_QUEUE = "POST clusters/*/queues/*"
_BUILD, _JOB = "PUT pipelines/{pipeline}/builds/*", "{job} -p {pipeline} -n {number}"
_SCENES = {
    "agent pause": Scene(f"agent pause {AGENT} --note spill", "idle", ("PUT agents/*/pause",)),
    "agent resume": Scene(f"agent resume {AGENT}", "paused", ("PUT agents/*/resume",)),
    "agent stop": Scene(f"agent stop {AGENT} --yes", "idle", ("PUT agents/*/stop",)),
    "agent unwatch": Scene("agent unwatch", "watched"),
    "agent view": Scene(f"agent view {AGENT}", "idle"),
    "alias": Scene("alias ship = build list"),
    "artifacts download": Scene("artifacts download dist/app.js -p {pipeline} -n {number}", "uploaded"),
    "artifacts list": Scene("artifacts list {pipeline} {number}", "uploaded"),
    "api-token revoke": Scene("api-token revoke doomed --yes", "issued"),
    "audit": Scene("audit --pipeline {pipeline}"),
    "build annotate": Scene(
        'build annotate {pipeline} {number} "Looks fine"',
        "scheduled",
        ("POST pipelines/{pipeline}/builds/*/annotations",),
    ),
    "build annotations": Scene("build annotations {pipeline} {number}", "failed"),
    "build artifacts": Scene("build artifacts {pipeline} {number}", "uploaded"),
    "build cancel": Scene("build cancel {pipeline} {number} --yes", "scheduled", (f"{_BUILD}/cancel",)),
    "build copy": Scene("build copy {pipeline} {number}", "failed", ("POST pipelines/{pipeline}/builds",)),
    "build create": Scene("build create {pipeline}", writes=("POST pipelines/{pipeline}/builds",)),
    "mute build": Scene("mute build {pipeline} {number}", "followed"),
    "build rebuild": Scene("build rebuild {pipeline} {number}", "failed", (f"{_BUILD}/rebuild",)),
    "build retry": Scene("build retry {pipeline} {number}", "failed", (f"{_BUILD}/retry_failed_jobs",)),
    "build view": Scene("build view {pipeline} {number}", "failed"),
    "build watch": Scene("build watch {pipeline} {number}", "scheduled"),
    "can": Scene("can build create {pipeline}"),
    "subscribe broadcast": Scene("subscribe broadcast on"),
    "subscribe updates": Scene("subscribe updates end"),
    "cluster view": Scene(f"cluster view {CLUSTER}"),
    "admin emoji list": Scene("admin emoji list ship"),
    "health": Scene("health {pipeline}"),
    "job cancel": Scene(f"job cancel {_JOB} --yes", "waiting", ("POST graphql/v1",)),
    "job env": Scene(f"job env {_JOB}", "failed"),
    "job list": Scene("job list {pipeline} {number}", "failed"),
    "job log": Scene(f"job log {_JOB}", "failed"),
    "job reprioritize": Scene(
        "job reprioritize {job} 5 -p {pipeline} -n {number}", "waiting", ("PUT jobs/*/reprioritize",)
    ),
    "job retry": Scene(f"job retry {_JOB}", "failed", (f"{_BUILD}/jobs/*/retry",)),
    "job unblock": Scene(f"job unblock {_JOB} release-name=1.42", "blocked", ("PUT jobs/*/unblock",)),
    "lock": Scene('lock {pipeline} --reason "release 42" --for 10m', "unlocked"),
    "mute": Scene("mute 2h", "subscribed"),
    "notify": Scene("notify me on failed,approvals"),
    "admin organization list": Scene("admin organizations"),
    "admin organization view": Scene("admin organization view"),
    "pipeline archive": Scene(f"pipeline archive {SPARE} --yes", "spare", (f"POST pipelines/{SPARE}/archive",)),
    "pipeline copy": Scene("pipeline copy {pipeline} Copied", "unmade", ("POST pipelines",)),
    "pipeline create": Scene(f"pipeline create Created -r {REPO}", "unmade", ("POST pipelines",)),
    "pipeline delete": Scene(
        f"pipeline delete {SPARE} --name {SPARE} --yes", "spare", (f"DELETE pipelines/{SPARE}",)
    ),
    "pipeline unarchive": Scene(f"pipeline unarchive {SPARE}", "archived", (f"POST pipelines/{SPARE}/unarchive",)),
    "pipeline update": Scene(f"pipeline update {SPARE} -d Newer", "spare", (f"PATCH pipelines/{SPARE}",)),
    "pipeline webhook": Scene(f"pipeline webhook {SPARE}", "spare", (f"POST pipelines/{SPARE}/webhook",)),
    "proposal approve": Scene("proposal approve {proposal}", "proposed", (f"POST pipelines/{PRODUCTION}/builds",)),
    "proposal refuse": Scene("proposal refuse {proposal}", "proposed"),
    "proposal withdraw": Scene("proposal withdraw {proposal}", "proposed"),
    "queue pause": Scene(f"queue pause {QUEUE} --note spill --yes", "open", (f"{_QUEUE}/pause_dispatch",)),
    "queue resume": Scene(f"queue resume {QUEUE}", "closed", (f"{_QUEUE}/resume_dispatch",)),
    "queue view": Scene(f"queue view {QUEUE}", "open"),
    "readonly": Scene("readonly off"),
    "admin service add": Scene("admin service add", "unhooked", ("POST services",)),
    "admin service remove": Scene("admin service remove {job} --yes", "hooked", ("DELETE services/*",)),
    "subscribe": Scene("subscribe {pipeline} --yes"),
    "unalias": Scene("unalias ship", "aliased"),
    "unlock": Scene("unlock {pipeline} --take", "locked"),
    "mute off": Scene("mute off", "muted"),
    "subscribe remove": Scene("subscribe remove {pipeline}", "subscribed"),
}


def find_scene(operation: Operation) -> Scene:
    """Return the scene, derived if the operation needs at most a pipeline and changes nothing in Buildkite."""
    if operation.name in _SCENES:
        return _SCENES[operation.name]
    fields = operation.args.model_fields
    missing = [name for name, field in fields.items() if field.is_required() and name != "pipeline"]
    wanted = missing and not operation.form_only_message
    if wanted or operation.effect is Effect.CHANGES_BUILDKITE:
        raise AssertionError(f"`{operation.name}` needs a scene in tests/matrix/scenes.py.")
    return Scene(f"{operation.name} {{pipeline}}" if "pipeline" in fields else operation.name)


SCENES = {operation.name: find_scene(operation) for operation in registry()}


def _build(cast: Cast, pipeline: str) -> Build:
    return cast.world.buildkite.create_build(pipeline)


async def _nothing(_cast: Cast, _pipeline: str) -> Props:
    return Props()


async def _scheduled(cast: Cast, pipeline: str) -> Props:
    return Props(_build(cast, pipeline).number)


async def _failed(cast: Cast, pipeline: str) -> Props:
    build = _build(cast, pipeline)
    cast.world.buildkite.run_build(build, fail=["test"])
    return Props(build.number, next(job.id for job in build.jobs if job.state == "failed"))


async def _waiting(cast: Cast, pipeline: str) -> Props:
    build = _build(cast, pipeline)
    return Props(build.number, next(job.id for job in build.jobs if job.state == "scheduled"))


async def _uploaded(cast: Cast, pipeline: str) -> Props:
    props = await _failed(cast, pipeline)
    cast.world.buildkite.artifact(props.job, "dist/app.js", b"x")
    return props


async def _blocked(cast: Cast, pipeline: str) -> Props:
    build = _build(cast, pipeline)
    cast.world.buildkite.run_build(build)
    return Props(build.number, next(job.id for job in build.jobs if job.state == "blocked"))


async def _idle(cast: Cast, _pipeline: str) -> Props:
    agent = cast.world.buildkite.find_agent(AGENT)
    cast.world.buildkite.connect_agent(AGENT)
    if agent.paused:
        cast.world.buildkite.agent_resume(agent)
    return Props()


async def _paused(cast: Cast, pipeline: str) -> Props:
    await _idle(cast, pipeline)
    cast.world.buildkite.agent_pause(cast.world.buildkite.find_agent(AGENT), timeout=1440)
    return Props()


async def _watched(cast: Cast, _pipeline: str) -> Props:
    await _types(cast, "agent watch")
    return Props()


async def _followed(cast: Cast, pipeline: str) -> Props:
    build = _build(cast, pipeline)
    await _types(cast, f"build watch {pipeline} {build.number}")
    return Props(build.number)


async def _subscribed(cast: Cast, pipeline: str) -> Props:
    await _types(cast, f"subscribe {pipeline} --yes")
    return Props()


async def _muted(cast: Cast, pipeline: str) -> Props:
    await _subscribed(cast, pipeline)
    await _types(cast, "mute 2h")
    return Props()


async def _aliased(cast: Cast, _pipeline: str) -> Props:
    """Give everyone who may have one an alias of their own."""
    for person in cast.people.values():
        await person.types(cast.world.deploys, "/bk alias ship = build list")
    await settle_all(cast.world)
    return Props()


async def _issued(cast: Cast, _pipeline: str) -> Props:
    """Give everyone an API token of their own, made on the console."""
    records = cast.world.bot.workspace.interaction.services.person.token_records
    now, place = cast.world.clock.now(), Thread("", "")
    asked = Invocation("", "", "console", {}, "", place, "console")
    have = {token.owner for token in await records.list_valid() if token.name == "doomed"}
    for person in cast.people.values():
        if person.id not in have:
            until = now + timedelta(days=90)
            await records.create(ApiToken("", "doomed", person.id, None, None, (), None, until, now), asked)
    return Props()


async def _types(cast: Cast, words: str) -> None:
    """Alice prepares something."""
    await cast.alice.types(cast.world.deploys, f"/bk {words}")
    await settle_all(cast.world)


async def _open(cast: Cast, _pipeline: str) -> Props:
    return _queue(cast, paused=False)


async def _closed(cast: Cast, _pipeline: str) -> Props:
    return _queue(cast, paused=True)


def _queue(cast: Cast, *, paused: bool) -> Props:
    """The queue as it has to be; the bot looks again after its quarter of a minute."""
    next(queue for queue in cast.world.buildkite.cluster.queues if queue.key == QUEUE).paused = paused
    cast.world.clock.advance(16)
    return Props()


async def _spare(cast: Cast, _pipeline: str) -> Props:
    """Create a spare pipeline in its initial state."""
    sim = cast.world.buildkite
    if SPARE not in sim.pipelines:
        sim.pipeline(SPARE)
    sim.pipelines[SPARE].archived_at = None
    return Props()


async def _archived(cast: Cast, pipeline: str) -> Props:
    await _spare(cast, pipeline)
    cast.world.buildkite.archive(SPARE)
    return Props()


async def _unmade(cast: Cast, _pipeline: str) -> Props:
    """Make sure that the pipeline to be created doesn't exist."""
    for slug in ("copied", "created"):
        cast.world.buildkite.pipelines.pop(slug, None)
    return Props()


async def _unhooked(cast: Cast, _pipeline: str) -> Props:
    cast.world.buildkite.hooks.webhooks.clear()
    return Props()


async def _hooked(cast: Cast, _pipeline: str) -> Props:
    return Props(job=cast.world.buildkite.add_webhook("https://elsewhere.acme.example", "theirs").id)


async def _unlocked(cast: Cast, pipeline: str) -> Props:
    await _types(cast, f"unlock {pipeline} --take")
    return Props()


async def _locked(cast: Cast, pipeline: str) -> Props:
    """Lock by a person outside of the table: unlocking takes it over, which needs the right to lock."""
    await _types(cast, f"lock {pipeline} --reason rehearsal --take")
    return Props()


async def _proposed(cast: Cast, _pipeline: str) -> Props:
    """Gita asks for a deploy, where a policy makes that a proposal."""
    if not cast.policy:
        return Props()
    await cast.people["granted"].types(cast.world.deploys, f"/bk build create {PRODUCTION}")
    await settle_all(cast.world)
    card = find_newest_message(cast.world)
    row = next(block for block in card.blocks or [] if block["type"] == "actions")
    return Props(proposal=row["elements"][0]["value"])


PROPS: dict[str, Callable[[Cast, str], Awaitable[Props]]] = {
    "nothing": _nothing,
    "aliased": _aliased,
    "issued": _issued,
    "scheduled": _scheduled,
    "failed": _failed,
    "waiting": _waiting,
    "uploaded": _uploaded,
    "blocked": _blocked,
    "idle": _idle,
    "paused": _paused,
    "watched": _watched,
    "followed": _followed,
    "subscribed": _subscribed,
    "muted": _muted,
    "open": _open,
    "closed": _closed,
    "spare": _spare,
    "archived": _archived,
    "unmade": _unmade,
    "unhooked": _unhooked,
    "hooked": _hooked,
    "unlocked": _unlocked,
    "locked": _locked,
    "proposed": _proposed,
}
