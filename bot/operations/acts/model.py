"""Acts: what people did to builds, jobs, agents and queues, so that it can be said who did it and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import NAME_LIMIT, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, local_time, md
from bot.slack.types import Thread

# A time of day alone is clear for this long; later the day is named too.
_SAME_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class NewAct:
    """An act to record: `about` names its job, agent or build, `build` the build that it belongs to.

    `announced_in` is the place of its public message, if it has one. `result` is the build that it started. `verb`
    says what was done, as its message does: `retried`. `agent` did it in the person's name, with an API token.
    """

    operation: str
    about: str
    build: str | None
    user: str
    at: datetime
    announced_in: Thread | None = None
    result: Mapping[str, str] | None = None
    verb: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Act:
    """An act as recorded, with the name of the person or their agent.

    `result` holds the `ref` and `url` of a build that it started.
    """

    operation: str
    about: str
    build: str | None
    name: str
    at: datetime
    result: Mapping[str, str]
    verb: str

    @property
    def who(self) -> str:
        """Return the person's name, short enough to stand in a sentence."""
        return shorten(self.name, NAME_LIMIT) or "someone"

    @property
    def link(self) -> Mrkdwn:
        """Return a link to the build that the act started."""
        return link(self.result.get("url", ""), self.result.get("ref", "a new build"))

    def render(self, now: datetime) -> Mrkdwn:
        """Return a sentence: `Retried by Alice at 5:07 PM.`"""
        if self.result:
            return md("Rebuilt as {build} {by}.", build=self.link, by=self.describe(now))
        return md("{verb} {by}.", verb=self.verb.capitalize(), by=self.describe(now))

    def describe(self, now: datetime) -> Mrkdwn:
        """Return who did it and when: `by Alice at 5:07 PM`."""
        return md("by {who} {time}", who=self.who, time=describe_moment(self.at, now))


def describe_moment(at: datetime, now: datetime) -> Mrkdwn:
    """Return `at 5:07 PM`, with the day if that was long ago."""
    if now - at < _SAME_DAY:
        return md("at {time}", time=local_time(at))
    return md("{time}", time=local_time(at, "{date_short_pretty} at {time}"))


def name_build(pipeline: str, number: int) -> str:
    """Return the subject of an act on a build."""
    return f"build:{pipeline}#{number}"


def split_build(subject: str) -> tuple[str, int]:
    """Return the pipeline and the number of the build that an act is about."""
    pipeline, _, number = subject.removeprefix("build:").rpartition("#")
    return pipeline, int(number)


def name_job(job: str) -> str:
    """Return the subject of an act on a job."""
    return f"job:{job}"


def name_agent(agent: str) -> str:
    """Return the subject of an act on an agent."""
    return f"agent:{agent}"


def name_queue(queue: str) -> str:
    """Return the subject of an act on a queue."""
    return f"queue:{queue}"


def find_build_subject(args: JsonObject) -> str | None:
    """Return the build that pinned arguments are about, or whose job they are about."""
    pipeline, number = args.get("pipeline"), args.get("number")
    if isinstance(pipeline, str) and isinstance(number, int | str):
        return name_build(pipeline, int(number))
    return None


def find_subject(args: JsonObject) -> tuple[str, str | None] | None:
    """Return what pinned arguments are about, and the build that it belongs to; None if it's neither."""
    agent, queue, job = args.get("agent"), args.get("queue"), args.get("job")
    build = find_build_subject(args)
    if isinstance(agent, str):
        return name_agent(agent), None
    if isinstance(queue, str):
        return name_queue(queue), None
    if isinstance(job, str):
        return name_job(job), build
    return (build, build) if build else None
