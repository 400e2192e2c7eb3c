"""Models of Buildkite's builds and jobs, and the base of all models; unknown fields are ignored."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


def parse_moment(value: object) -> object:
    """Accept both of Buildkite's time formats: ISO 8601, and `2018-07-01 20:14:38 UTC`.

    https://buildkite.com/docs/apis/webhooks (the second form occurs in build and pipeline objects).
    """
    return value[:-4] + "Z" if isinstance(value, str) and value[-4:] == " UTC" else value


Moment = Annotated[AwareDatetime, BeforeValidator(parse_moment)]


class Vendor(BaseModel):
    """Base of Buildkite's objects: immutable, and unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, defer_build=True)


def drop_nulls(value: object) -> object:
    """Return JSON without the keys whose value is null, at any depth: a null says the same as an absent field."""
    if isinstance(value, dict):
        return {name: drop_nulls(child) for name, child in value.items() if child is not None}
    return [drop_nulls(child) for child in value] if isinstance(value, list) else value


class Person(Vendor):
    """A person in Buildkite: a creator, an author or an unblocker."""

    id: str | None = None
    name: str | None = None
    email: str | None = None


def parse_person(value: object) -> object:
    """Accept authors that are a bare string instead of an object."""
    if isinstance(value, str):
        return {"email": value} if "@" in value else {"name": value}
    return value


AnyPerson = Annotated[
    Person | Annotated[Person, BeforeValidator(parse_person)] | None, Field(union_mode="left_to_right")
]


class BuildRef(NamedTuple):
    """Address of a build; its number is unique within the pipeline."""

    org: str
    pipeline: str
    number: int

    def __str__(self) -> str:
        return f"{self.pipeline}#{self.number}"


BUILD_ENDED = frozenset({"passed", "failed", "canceled", "skipped", "not_run"})
BUILD_CANCELABLE = frozenset({"creating", "scheduled", "running", "failing"})
# Older docs call the job of a block step `block`; Buildkite answers `manual`.
BLOCK_STEP_TYPES = frozenset({"manual", "block"})
JOB_FAILED = frozenset({"failed", "timed_out", "expired"})
JOB_RETRIABLE = frozenset({"failed", "timed_out", "canceled", "expired"})


class ProviderStub(Vendor):
    """The provider of a pipeline's repository, such as `github`; its settings and webhook address aren't kept."""

    id: str | None = None


def strip_credentials(address: object) -> object:
    """Return a repository's address without the name and password that may be in it."""
    return re.sub(r"^(\w+://)[^/\s]*@", r"\1", address) if isinstance(address, str) else address


class PipelineStub(Vendor):
    """The part of a pipeline that a build includes."""

    id: str | None = None
    slug: str
    name: str | None = None
    default_branch: str | None = None
    repository: Annotated[str | None, BeforeValidator(strip_credentials)] = None
    provider: ProviderStub | None = None


class RebuiltFrom(Vendor):
    """The build that this one repeats."""

    id: str | None = None
    number: int | None = None


class RetrySource(Vendor):
    """The job that this one repeats."""

    job_id: str | None = None
    retry_type: str | None = None


class TriggeredBuild(Vendor):
    """The build that a trigger step started."""

    id: str | None = None
    number: int | None = None
    url: str | None = None
    web_url: str | None = None


class JobPriority(Vendor):
    """Priority among jobs waiting for the same agents: the highest number goes first."""

    number: int = 0


class Job(Vendor):
    """A job of a build; `type` is script, waiter, manual or trigger. Manual jobs have a label, not a name."""

    id: str
    type: str = "script"
    name: str | None = None
    label: str | None = None
    step_key: str | None = None
    state: str | None = None
    web_url: str | None = None
    build_url: str | None = None
    log_url: str | None = None
    unblock_url: str | None = None
    command: str | None = None
    exit_status: int | None = None
    soft_failed: bool = False
    retried: bool = False
    retried_in_job_id: str | None = None
    retry_source: RetrySource | None = None
    unblockable: bool | None = None
    unblocked_by: AnyPerson = None
    unblocked_at: Moment | None = None
    agent: AgentStub | None = None
    priority: JobPriority | None = None
    parallel_group_index: int | None = None
    parallel_group_total: int | None = None
    agent_query_rules: tuple[str, ...] = ()
    cluster_id: str | None = None
    cluster_queue_id: str | None = None
    runnable_at: Moment | None = None
    triggered_build: TriggeredBuild | None = None
    created_at: Moment | None = None
    scheduled_at: Moment | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None

    @property
    def title(self) -> str:
        """Name of the job for people; parallel jobs include their number."""
        name = self.name or self.label or self.command or self.step_key or f"{self.type} {self.id[:8]}"
        if self.parallel_group_index is None or (self.parallel_group_total or 0) < 2:
            return name
        return f"{name} {self.parallel_group_index + 1}/{self.parallel_group_total}"

    @property
    def failed(self) -> bool:
        """True for a hard failure that no retry has replaced."""
        return self.state in JOB_FAILED and not self.soft_failed and not self.retried

    @property
    def awaits_unblock(self) -> bool:
        """True for a block step that a person can unblock now.

        A step behind another block step is `blocked` too, but not unblockable yet.
        """
        return self.type in BLOCK_STEP_TYPES and self.state == "blocked" and self.unblockable is not False


class AgentStub(Vendor):
    """The part of an agent that a job includes."""

    id: str | None = None
    name: str | None = None


class JobStateCounts(Vendor):
    """Number of jobs by state at the time `at`; only builds read by number have it.

    `phase` and `ended_at` are the build's when its jobs came with the counts.
    """

    at: Moment | None = None
    phase: str | None = None
    ended_at: Moment | None = None
    total: int = 0
    states: dict[str, int] = Field(default_factory=dict)


def list_names(value: object) -> object:
    """Return the names of environment variables: their values may be secret, and are never kept."""
    return tuple(value) if isinstance(value, dict) else value


class Build(Vendor):
    """A build as REST and webhooks give it. A blocked build keeps another `state`; people see its `phase`.

    `env_names` is None where the environment isn't reported.

    https://buildkite.com/docs/apis/rest-api/builds
    """

    id: str
    number: int
    state: str
    url: str
    web_url: str = ""
    blocked: bool = False
    message: str | None = None
    branch: str | None = None
    commit: str | None = None
    source: str | None = None
    creator: AnyPerson = None
    author: AnyPerson = None
    created_at: Moment | None = None
    scheduled_at: Moment | None = None
    started_at: Moment | None = None
    failing_at: Moment | None = None
    finished_at: Moment | None = None
    env_names: Annotated[tuple[str, ...] | None, BeforeValidator(list_names)] = Field(None, alias="env")
    meta_data: dict[str, object] = Field(default_factory=dict)
    rebuilt_from: RebuiltFrom | None = None
    pipeline: PipelineStub | None = None
    job_state_counts: JobStateCounts | None = None
    jobs: tuple[Job, ...] = ()

    @property
    def phase(self) -> str:
        """The state that people see: `blocked` whenever the build waits at a block step."""
        return "blocked" if self.blocked and self.state not in {"canceled", "canceling"} else self.state

    @property
    def ended(self) -> bool:
        """True if the build has finished and isn't merely waiting at a block step."""
        return self.phase in BUILD_ENDED

    @property
    def inactive(self) -> bool:
        """True if nothing will happen until a person acts: the build has ended or is blocked."""
        return self.ended or self.phase == "blocked"

    @cached_property
    def ref(self) -> BuildRef:
        """Address of the build, read from its API URL because webhooks have no organization object."""
        parts = self.url.split("/organizations/", 1)[-1].split("/")
        return BuildRef(parts[0], parts[2], self.number)


Job.model_rebuild()


def _read_mapping(given: object) -> object:
    return given or {}


class BuildEnvironment(Vendor):
    """The environment variables that a build was created with."""

    env: Annotated[dict[str, str], BeforeValidator(_read_mapping)] = Field(default_factory=dict, repr=False)
