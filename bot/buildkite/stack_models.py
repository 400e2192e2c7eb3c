"""Agent API models for stacks: controllers that start an agent for each waiting job.

https://buildkite.com/docs/apis/agent-api/stacks
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from bot.buildkite.models import Moment, Vendor
from bot.buildkite.response_parsing import parse_value


class Stack(Vendor):
    """A registered stack; `state` is connected, disconnected or lost, `type` kubernetes, elastic or custom."""

    key: str
    type: str | None = None
    cluster_queue_key: str | None = None
    state: str | None = None
    last_connected_on: Moment | None = None


class StackQueue(Vendor):
    """A queue as stacks see it; a queue whose dispatch is paused hands out no jobs."""

    key: str
    dispatch_paused: bool = False


@dataclass(frozen=True)
class StackConfiguration:
    """Answer of `GET /stacks`.

    The docs don't describe its shape: `others` names the top-level keys that aren't understood.
    """

    stacks: tuple[Stack, ...] = ()
    queues: tuple[StackQueue, ...] = ()
    others: tuple[str, ...] = ()


class ScheduledPipeline(Vendor):
    """Pipeline of a waiting job."""

    slug: str = ""


class ScheduledBuild(Vendor):
    """Build of a waiting job."""

    number: int = 0
    branch: str = ""


class ScheduledStep(Vendor):
    """Step of a waiting job."""

    key: str | None = None


class ScheduledJob(Vendor):
    """A job waiting for an agent of a stack."""

    id: str
    priority: int = 0
    agent_query_rules: tuple[str, ...] = ()
    scheduled_at: Moment | None = None
    pipeline: ScheduledPipeline = Field(default_factory=ScheduledPipeline)
    build: ScheduledBuild = Field(default_factory=ScheduledBuild)
    step: ScheduledStep = Field(default_factory=ScheduledStep)


class Cursor(Vendor):
    """Cursor of the next page, if there is one."""

    has_next_page: bool = False
    end_cursor: str | None = None


class ScheduledJobs(Vendor):
    """One page of waiting jobs."""

    jobs: tuple[ScheduledJob, ...] = ()
    page_info: Cursor = Cursor()


class JobStates(Vendor):
    """States by job UUID. They are Buildkite's internal states, such as `finished`, not those of the REST API."""

    states: dict[str, str] = Field(default_factory=dict)


def parse_configuration(page: object) -> StackConfiguration:
    """Parse an answer that is either a list of stacks or an object containing one.

    Raise Unavailable if a stack or queue has no key.
    """
    known = page if isinstance(page, dict) else {"stacks": page}
    return StackConfiguration(
        stacks=tuple(parse_value(Stack, value, sent=False) for value in _as_list(known.get("stacks"))),
        queues=tuple(parse_value(StackQueue, value, sent=False) for value in _as_list(known.get("queues"))),
        others=tuple(str(name) for name in known if name not in {"stacks", "queues"}),
    )


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
