"""What the Agent API says of stacks: controllers that start an agent for each job that waits.

https://buildkite.com/docs/apis/agent-api/stacks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from bot.buildkite.models import Moment, Vendor
from bot.buildkite.transport import read


class Stack(Vendor):
    """A registered stack; `state` is connected, disconnected or lost, `type` kubernetes, elastic or custom."""

    key: str
    type: str | None = None
    cluster_queue_key: str | None = None
    state: str | None = None
    last_connected_on: Moment | None = None


class StackQueue(Vendor):
    """A queue as a stack is told of it: no job is handed out while its dispatch is paused."""

    key: str
    dispatch_paused: bool = False


@dataclass(frozen=True)
class Configuration:
    """What `GET /stacks` answered.

    No document says more than that it is a configuration: `others` are the names of what else stands in it.
    """

    stacks: tuple[Stack, ...] = ()
    queues: tuple[StackQueue, ...] = ()
    others: tuple[str, ...] = ()


class ScheduledPipeline(Vendor):
    """The pipeline of a job that waits."""

    slug: str = ""


class ScheduledBuild(Vendor):
    """The build of a job that waits."""

    number: int = 0
    branch: str = ""


class ScheduledStep(Vendor):
    """The step of a job that waits."""

    key: str | None = None


class ScheduledJob(Vendor):
    """A job that waits for an agent of a stack."""

    id: str
    priority: int = 0
    agent_query_rules: tuple[str, ...] = ()
    scheduled_at: Moment | None = None
    pipeline: ScheduledPipeline = Field(default_factory=ScheduledPipeline)
    build: ScheduledBuild = Field(default_factory=ScheduledBuild)
    step: ScheduledStep = Field(default_factory=ScheduledStep)


class Cursor(Vendor):
    """Where the next page begins, if there is one."""

    has_next_page: bool = False
    end_cursor: str | None = None


class ScheduledJobs(Vendor):
    """One page of jobs that wait."""

    jobs: tuple[ScheduledJob, ...] = ()
    page_info: Cursor = Cursor()


class JobStates(Vendor):
    """States by job; they are those that Buildkite uses inside, `finished` included."""

    states: dict[str, str] = Field(default_factory=dict)


def configuration(page: Any) -> Configuration:
    """What is understood of an answer: a list of stacks, or an object that has one.

    Raises Unavailable where a stack or queue in it has no key.
    """
    known = page if isinstance(page, dict) else {"stacks": page}
    return Configuration(
        stacks=tuple(read(Stack, item, sent=False) for item in _listed(known.get("stacks"))),
        queues=tuple(read(StackQueue, item, sent=False) for item in _listed(known.get("queues"))),
        others=tuple(str(name) for name in known if name not in {"stacks", "queues"}),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
