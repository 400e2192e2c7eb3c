"""Filters builds by the parameters of the list calls."""

import re
from collections.abc import Callable, Iterable

from simulators.buildkite.http_types import ApiRequest
from simulators.buildkite.models import Build
from simulators.buildkite.paging import refuse_deep_page
from simulators.buildkite.values import Refusal, parse_time

Test = Callable[[Build], bool]
FINISHED = ("passed", "failed", "blocked", "canceled")
_META = re.compile(r"meta_data\[(.+)\]")


def filter_builds(request: ApiRequest, builds: Iterable[Build]) -> list[Build]:
    """Return the builds that pass every filter of the request, newest first."""
    refuse_deep_page(request)
    tests = [test for test in _make_tests(request) if test is not None]
    found = [build for build in builds if all(test(build) for test in tests)]
    return found[::-1]


def _make_tests(request: ApiRequest) -> list[Test | None]:
    return [
        _match_branches(request.words("branch")),
        _match_commits(request.words("commit")),
        _match_states(request.words("state")),
        _match_creator(request.query.get("creator")),
        _match_time(request, "created_from", lambda build, at: build.created_at >= at),
        _match_time(request, "created_to", lambda build, at: build.created_at < at),
        _match_time(
            request, "finished_from", lambda build, at: build.finished_at is not None and build.finished_at >= at
        ),
        *_match_meta_data(request),
    ]


def _match_branches(patterns: list[str]) -> Test | None:
    if not patterns:
        return None
    wanted = [re.compile(".*".join(map(re.escape, pattern.split("*")))) for pattern in patterns]
    return lambda build: any(pattern.fullmatch(build.branch) for pattern in wanted)


def _match_commits(commits: list[str]) -> Test | None:
    return (lambda build: build.commit in commits) if commits else None


def _match_states(states: list[str]) -> Test | None:
    if not states:
        return None
    wanted = {inner for state in states for inner in (FINISHED if state == "finished" else (state,))}
    return lambda build: build.inner_state in wanted


def _match_creator(ident: str | None) -> Test | None:
    return (lambda build: build.creator is not None and build.creator.id == ident) if ident else None


def _match_time(request: ApiRequest, name: str, holds: Callable[[Build, float], bool]) -> Test | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        at = parse_time(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    except ValueError as error:
        raise Refusal(400, f"{name} is not a valid time") from error
    return lambda build: holds(build, at)


def _match_meta_data(request: ApiRequest) -> list[Test]:
    found = [(_META.fullmatch(key), value) for key, value in request.query.multi_items()]
    return [_match_key(match[1], value) for match, value in found if match]


def _match_key(key: str, value: str) -> Test:
    return lambda build: build.meta_data.get(key) == value
