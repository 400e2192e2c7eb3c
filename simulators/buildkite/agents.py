"""Changes of an agent: connect, pause, resume, stop, lose."""

from typing import Any

from simulators.buildkite import builds, jobs
from simulators.buildkite.models import Agent, Job, User
from simulators.buildkite.state import World
from simulators.buildkite.values import Refusal

VERSION = "3.136.2"


def add(world: World, name: str, *, queue: str = "default", tags: tuple[str, ...] = (), **more: Any) -> Agent:
    """Add a connected agent to `queue`; `more` are further fields of an Agent."""
    number = len(world.agents) + 2
    given: dict[str, Any] = {
        "hostname": f"ip-10-0-2-{number}.ec2.internal",
        "ip_address": f"203.0.113.{number % 250}",
        "version": VERSION,
        "connected_at": world.now(),
    }
    made = Agent(
        id=world.new_id(),
        name=name,
        queue=queue,
        created_at=world.now(),
        tags=[f"queue={queue}", *tags],
        **(given | more),
    )
    world.agents[made.id] = made
    if made.connection_state == "connected":
        world.emit("agent.connected", made)
    return made


def connect(world: World, agent: Agent) -> None:
    agent.connection_state, agent.connected_at = "connected", world.now()
    agent.disconnected_at = agent.lost_at = agent.stopped_at = None
    world.emit("agent.connected", agent)


def pause(world: World, agent: Agent, by: User, note: str | None = None, timeout: int | None = None) -> None:
    """Pause for `timeout` minutes (default 5) or until resumed: no new jobs. Raise Refusal as Buildkite does."""
    if agent.connection_state != "connected":
        raise Refusal(422, "Only connected agents may be paused")
    if agent.paused:
        raise Refusal(422, "Agent is already paused")
    agent.paused, agent.paused_at, agent.paused_by = True, world.now(), by
    agent.paused_note, agent.paused_timeout = note, 5 if timeout is None else timeout
    world.emit("agent.changed", agent)


def resume(world: World, agent: Agent) -> None:
    if not agent.paused:
        raise Refusal(422, "Agent is not paused")
    _unpause(agent)
    world.emit("agent.changed", agent)


def _unpause(agent: Agent) -> None:
    agent.paused, agent.paused_at, agent.paused_by = False, None, None
    agent.paused_note, agent.paused_timeout = None, None


def wake_paused(world: World) -> None:
    """Resume every agent whose pause has ended."""
    for agent in world.agents.values():
        if agent.paused_at is None or agent.paused_timeout is None:
            continue
        if world.now() >= agent.paused_at + 60 * agent.paused_timeout:
            resume(world, agent)


def stop(world: World, agent: Agent, force: bool = True) -> None:
    """Stop an agent: with `force` its job and that job's build are canceled, else it stops after its job."""
    if agent.connection_state != "connected":
        raise Refusal(400, "Can only stop connected agents")
    _unpause(agent)
    agent.connection_state = "stopping"
    world.emit("agent.stopping", agent)
    job = agent.job
    if job is None:
        _mark_stopped(world, agent)
    elif force:
        _end_early(world, job)


def _mark_stopped(world: World, agent: Agent) -> None:
    agent.connection_state, agent.stopped_at = "stopped", world.now()
    world.emit("agent.stopped", agent)


def _end_early(world: World, job: Job) -> None:
    if job.build.state in ("scheduled", "running", "failing"):
        builds.cancel(world, job.build)
    job.signal_reason = "agent_stop"
    jobs.finish(world, job, -1)


def lose(world: World, agent: Agent) -> None:
    """Lose an agent whose pings stopped; its job fails."""
    agent.connection_state, agent.lost_at = "lost", world.now()
    _unpause(agent)
    world.emit("agent.lost", agent)
    _abandon(world, agent)


def block(world: World, agent: Agent) -> None:
    """Shut out an agent whose address left the token's allowed list; its job fails."""
    agent.connection_state, agent.disconnected_at = "disconnected", world.now()
    _unpause(agent)
    world.emit("agent.blocked", agent)
    _abandon(world, agent)


def disconnect(world: World, agent: Agent) -> None:
    """Disconnect an agent that shut down cleanly; its job fails with `agent_stop`."""
    agent.connection_state, agent.disconnected_at = "disconnected", world.now()
    _unpause(agent)
    world.emit("agent.disconnected", agent)
    _abandon(world, agent, "agent_stop")


def _abandon(world: World, agent: Agent, reason: str | None = None) -> None:
    if agent.job:
        jobs.finish(world, agent.job, -1, signal_reason=reason)
