"""Results about clusters, their queues and their load."""

from __future__ import annotations

from bot.buildkite.agent_api import AgentCounts, JobCounts
from bot.buildkite.resources import Cluster, PlacedQueue
from bot.buildkite.stack_models import ScheduledJob, Stack
from bot.operations.results import Data, Result, UtcTime
from commands.agent.results import AgentData


class ClusterData(Data, frozen=True):
    """A cluster; `maintainers` are names of people and teams."""

    id: str
    name: str
    url: str
    description: str | None
    maintainers: tuple[str, ...]
    created_at: UtcTime | None
    created_by: str | None

    @classmethod
    def from_cluster(cls, cluster: Cluster) -> ClusterData:
        maintainers = (*cluster.maintainers.users, *cluster.maintainers.teams)
        return cls(
            id=cluster.id,
            name=cluster.name,
            url=cluster.web_url,
            description=cluster.description,
            maintainers=tuple(maintainer.actor.name for maintainer in maintainers if maintainer.actor.name),
            created_at=cluster.created_at,
            created_by=cluster.created_by.name if cluster.created_by else None,
        )


class QueueData(Data, frozen=True):
    """A queue of a cluster; `state` is open or paused, `shape` the type of Buildkite's hosted machines.

    `agents` is the number of connected agents, where they were counted.
    """

    id: str
    key: str
    url: str
    cluster: str
    state: str
    description: str | None
    is_default: bool
    shape: str | None
    paused_by: str | None
    paused_at: UtcTime | None
    paused_note: str | None

    agents: int | None

    @classmethod
    def from_place(
        cls, placed: PlacedQueue, agents: int | None = None, *, paused_by: str | None = None
    ) -> QueueData:
        """Return a queue; `paused_by` is who paused it, where that isn't the owner of the token."""
        cluster, queue = placed
        paused = queue.dispatch_paused
        owner = queue.dispatch_paused_by.name if queue.dispatch_paused_by else None
        return cls(
            id=queue.id,
            key=queue.key,
            url=queue.web_url,
            cluster=cluster.name,
            state="paused" if paused else "open",
            description=queue.description,
            is_default=queue.id == cluster.default_queue_id,
            shape=queue.shape or None,
            paused_by=(paused_by or owner) if paused else None,
            paused_at=queue.dispatch_paused_at if paused else None,
            paused_note=queue.dispatch_paused_note if paused else None,
            agents=agents,
        )


class ClusterResult(Result, frozen=True):
    """A cluster with its queues."""

    cluster: ClusterData
    queues: tuple[QueueData, ...]


class ClusterList(Result, frozen=True):
    """The clusters."""

    clusters: tuple[ClusterData, ...]


class QueueResult(Result, frozen=True):
    """A queue."""

    queue: QueueData


class QueueReport(QueueResult, frozen=True):
    """A queue with its agents; `jobs` says how many are unfinished, as far as that is known."""

    agents: tuple[AgentData, ...]
    jobs: str | None


class QueueList(Result, frozen=True):
    """The queues."""

    queues: tuple[QueueData, ...]


class AgentNumbers(Data, frozen=True):
    """Numbers of connected agents."""

    idle: int
    busy: int
    total: int

    @classmethod
    def from_counts(cls, counts: AgentCounts) -> AgentNumbers:
        return cls(idle=counts.idle, busy=counts.busy, total=counts.total)


class JobNumbers(Data, frozen=True):
    """Numbers of unfinished jobs."""

    running: int
    scheduled: int
    waiting: int
    total: int

    @classmethod
    def from_counts(cls, counts: JobCounts) -> JobNumbers:
        return cls(running=counts.running, scheduled=counts.scheduled, waiting=counts.waiting, total=counts.total)


class QueueLoad(Data, frozen=True):
    """The load of a queue."""

    queue: str
    agents: AgentNumbers
    jobs: JobNumbers


class MetricsResult(Result, frozen=True):
    """The load of queues in a cluster; None of it without an agent token.

    `cluster` is None for agents without a cluster. `agents` and `jobs` are the numbers of the whole cluster.
    """

    cluster: str | None = None
    agents: AgentNumbers | None = None
    jobs: JobNumbers | None = None
    queues: tuple[QueueLoad, ...] = ()


class StackData(Data, frozen=True):
    """A stack, a controller that starts an agent for each waiting job; `seen_at` is when it last connected."""

    key: str
    type: str | None
    queue: str | None
    state: str | None
    seen_at: UtcTime | None

    @classmethod
    def from_stack(cls, stack: Stack) -> StackData:
        return cls(
            key=stack.key,
            type=stack.type,
            queue=stack.cluster_queue_key,
            state=stack.state,
            seen_at=stack.last_connected_on,
        )


class WaitingJob(Data, frozen=True):
    """A job that waits for an agent of a stack; `rules` select the agent."""

    id: str
    pipeline: str
    number: int
    branch: str
    step_key: str | None
    rules: tuple[str, ...]
    scheduled_at: UtcTime | None

    @classmethod
    def from_job(cls, job: ScheduledJob) -> WaitingJob:
        return cls(
            id=job.id,
            pipeline=job.pipeline.slug,
            number=job.build.number,
            branch=job.build.branch,
            step_key=job.step.key,
            rules=job.agent_query_rules,
            scheduled_at=job.scheduled_at,
        )


class StackList(Result, frozen=True):
    """The stacks with their queues, or the jobs that wait for one of them."""

    stacks: tuple[StackData, ...] = ()
    queues: tuple[str, ...] = ()
    paused_queues: tuple[str, ...] = ()
    waiting_jobs: tuple[WaitingJob, ...] = ()
