"""Results about agents, and about the watches on them."""

from __future__ import annotations

from bot.buildkite.resources import Agent
from bot.operations.results import Data, Result, UtcTime
from commands.job.results import JobData


class AgentData(Data, frozen=True):
    """An agent. `state` is running, idle, paused or, unless it's connected, its connection's state."""

    id: str
    name: str
    state: str
    url: str
    queue: str | None
    hostname: str | None
    ip_address: str | None
    version: str | None
    tags: tuple[str, ...]
    job: JobData | None
    connected_at: UtcTime | None
    paused_by: str | None
    paused_note: str | None
    resumes_at: UtcTime | None

    @classmethod
    def from_agent(cls, agent: Agent, paused_by: str = "") -> AgentData:
        """Return the data of an agent; `paused_by` is who paused it, where that is known better than Buildkite."""
        named = agent.paused_by.name if agent.paused_by else None
        return cls(
            id=agent.id,
            name=agent.name,
            state=agent.activity,
            url=agent.web_url,
            queue=agent.queue,
            hostname=agent.hostname,
            ip_address=agent.ip_address,
            version=agent.version,
            tags=agent.meta_data,
            job=JobData.from_job(agent.job) if agent.job else None,
            connected_at=agent.connected_at,
            paused_by=(paused_by or named) if agent.paused else None,
            paused_note=agent.paused_note if agent.paused else None,
            resumes_at=agent.resumes_at,
        )


class AgentResult(Result, frozen=True):
    """An agent."""

    agent: AgentData


class AgentList(Result, frozen=True):
    """Connected agents; `total` counts those that match, of which `limit` may leave some out."""

    agents: tuple[AgentData, ...]
    total: int


class AgentWatchData(Data, frozen=True):
    """A channel's watch on the agents of a queue; without `queue`, of every queue."""

    queue: str | None
    states: tuple[str, ...]


class AgentWatchResult(Result, frozen=True):
    """A watch that was started or, without `states`, stopped."""

    watch: AgentWatchData


class AgentWatchList(Result, frozen=True):
    """The watches of a channel."""

    watches: tuple[AgentWatchData, ...]
