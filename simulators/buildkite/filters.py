"""Chooses builds by the parameters of the list calls."""

import re
from collections.abc import Callable, Iterable

from simulators.buildkite.http_types import Ask
from simulators.buildkite.models import Build
from simulators.buildkite.paging import refuse_deep
from simulators.buildkite.values import Refusal, parse_time

Test = Callable[[Build], bool]
FINISHED = ("passed", "failed", "blocked", "canceled")
_META = re.compile(r"meta_data\[(.+)\]")


def chosen(ask: Ask, builds: Iterable[Build]) -> list[Build]:
    """The builds that pass every filter of the request, newest first."""
    refuse_deep(ask)
    tests = [test for test in _tests(ask) if test is not None]
    found = [build for build in builds if all(test(build) for test in tests)]
    return found[::-1]


def _tests(ask: Ask) -> list[Test | None]:
    return [
        _branches(ask.words("branch")),
        _commits(ask.words("commit")),
        _states(ask.words("state")),
        _creator(ask.query.get("creator")),
        _since(ask, "created_from", lambda build, at: build.created_at >= at),
        _since(ask, "created_to", lambda build, at: build.created_at < at),
        _since(ask, "finished_from", lambda build, at: build.finished_at is not None and build.finished_at >= at),
        *_meta_data(ask),
    ]


def _branches(patterns: list[str]) -> Test | None:
    if not patterns:
        return None
    wanted = [re.compile(".*".join(map(re.escape, pattern.split("*")))) for pattern in patterns]
    return lambda build: any(pattern.fullmatch(build.branch) for pattern in wanted)


def _commits(commits: list[str]) -> Test | None:
    return (lambda build: build.commit in commits) if commits else None


def _states(states: list[str]) -> Test | None:
    if not states:
        return None
    wanted = {item for state in states for item in (FINISHED if state == "finished" else (state,))}
    return lambda build: build.inner_state in wanted


def _creator(ident: str | None) -> Test | None:
    return (lambda build: build.creator is not None and build.creator.id == ident) if ident else None


def _since(ask: Ask, name: str, holds: Callable[[Build, float], bool]) -> Test | None:
    text = ask.query.get(name)
    if not text:
        return None
    try:
        at = parse_time(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    except ValueError as error:
        raise Refusal(400, f"{name} is not a valid time") from error
    return lambda build: holds(build, at)


def _meta_data(ask: Ask) -> list[Test]:
    found = [(_META.fullmatch(key), value) for key, value in ask.query.multi_items()]
    return [_holds(match[1], value) for match, value in found if match]


def _holds(key: str, value: str) -> Test:
    return lambda build: build.meta_data.get(key) == value
