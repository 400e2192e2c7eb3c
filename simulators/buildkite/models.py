"""Records of the simulated Buildkite: users, pipelines, builds, jobs, agents, clusters."""

from dataclasses import dataclass, field
from typing import Any

PARKED = frozenset({"pending", "waiting", "waiting_failed", "blocked", "blocked_failed"})
ACTIVE = frozenset({"scheduled", "assigned", "accepted", "running", "canceling", "timing_out"})
LOST = frozenset({"failed", "timed_out", "expired", "canceled"})


@dataclass
class User:
    id: str
    name: str
    email: str
    created_at: float
    role: str = "member"


@dataclass
class Step:
    """One step of a pipeline; `kind` is script, wait, block, input or trigger."""

    id: str
    kind: str
    label: str | None = None
    key: str | None = None
    command: str | None = None
    rules: tuple[str, ...] = ("queue=default",)
    parallelism: int | None = None
    soft_fail: bool = False
    automatic_retries: int = 0
    fields: tuple[dict[str, Any], ...] = ()
    blocked_state: str = "passed"
    allowed_teams: tuple[str, ...] = ()
    target: str | None = None
    is_async: bool = False
    continue_on_failure: bool = False
    artifact_paths: str | None = None
    trigger: dict[str, Any] = field(default_factory=dict)


@dataclass
class Pipeline:
    id: str
    slug: str
    name: str
    repository: str
    default_branch: str
    configuration: str
    steps: list[Step]
    created_at: float
    created_by: User
    cluster_id: str | None
    description: str | None = None
    archived_at: float | None = None
    last_number: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Job:
    id: str
    step: Step
    build: "Build"
    state: str
    created_at: float
    priority: int = 0
    parallel_index: int | None = None
    agent: "Agent | None" = None
    exit_status: int | None = None
    soft_failed: bool = False
    signal: str | None = None
    signal_reason: str | None = None
    broken_reason: str | None = None
    scheduled_at: float | None = None
    runnable_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    retried_in: "Job | None" = None
    retry_type: str | None = None
    retried_by: User | None = None
    retry_of: "Job | None" = None
    retries: int = 0
    unblocked_by: User | None = None
    unblocked_at: float | None = None
    triggered: "Build | None" = None
    log: bytearray = field(default_factory=bytearray)
    log_times: list[int] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.step.kind

    @property
    def name(self) -> str:
        return self.step.label or self.step.command or ""

    @property
    def manual(self) -> bool:
        return self.kind in ("block", "input")

    @property
    def hard_failed(self) -> bool:
        """Tell whether this job makes its build fail."""
        return self.state in LOST and not self.soft_failed and self.retried_in is None


@dataclass(eq=False)
class Build:
    id: str
    pipeline: Pipeline
    number: int
    state: str
    branch: str
    commit: str
    message: str | None
    created_at: float
    source: str = "api"
    creator: User | None = None
    author: dict[str, Any] | None = None
    env: dict[str, str] = field(default_factory=dict)
    meta_data: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    blocked: bool = False
    cancel_reason: str | None = None
    scheduled_at: float | None = None
    started_at: float | None = None
    failing_at: float | None = None
    finished_at: float | None = None
    pull_request: dict[str, Any] | None = None
    rebuilt_from: "Build | None" = None
    parent: Job | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def current_jobs(self) -> list[Job]:
        """Return the jobs that no retry has replaced."""
        return [job for job in self.jobs if job.retried_in is None]

    @property
    def inner_state(self) -> str:
        """Return the state that filters use: `blocked` where REST responses keep the last state."""
        return "blocked" if self.blocked else self.state

    def find_job(self, name: str) -> Job:
        """Find the current job by name or step key. Raise KeyError."""
        for job in self.current_jobs:
            if name in (job.name, job.step.key):
                return job
        raise KeyError(name)


@dataclass(eq=False)
class Agent:
    id: str
    name: str
    queue: str
    created_at: float
    hostname: str
    ip_address: str
    version: str
    tags: list[str]
    connection_state: str = "connected"
    connected_at: float | None = None
    disconnected_at: float | None = None
    lost_at: float | None = None
    stopped_at: float | None = None
    last_job_finished_at: float | None = None
    job: Job | None = None
    paused: bool = False
    paused_at: float | None = None
    paused_by: User | None = None
    paused_note: str | None = None
    paused_timeout: int | None = None

    @property
    def idle(self) -> bool:
        """Tell whether it can take a job: connected, without a job, not paused."""
        return self.connection_state == "connected" and self.job is None and not self.paused


@dataclass
class Queue:
    id: str
    key: str
    description: str | None
    created_at: float
    paused: bool = False
    paused_at: float | None = None
    paused_by: User | None = None
    paused_note: str | None = None


@dataclass
class Cluster:
    id: str
    name: str
    description: str
    created_at: float
    created_by: User
    queues: list[Queue] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)
