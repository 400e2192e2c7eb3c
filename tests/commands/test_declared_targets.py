"""Whatever is asked for, the policy judges every pipeline, branch, commit and env that reaches Buildkite."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qs

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.access.policy.decide import DEFAULT
from bot.access.policy.rules import Allow, ApprovalRequirement, Target
from bot.access.policy.service import PolicyService
from bot.access.target import read_target
from bot.errors import KitestringError
from bot.execution.services import PersonServices
from bot.operations.arguments import Argument, read_arguments
from bot.operations.declarations import find_target_fields
from bot.operations.operation import Args, Operation
from bot.operations.validation import validate
from bot.slack.types import Actor
from commands import registry
from simulators.buildkite.server_state import RecordedRequest
from simulators.buildkite.sim import BuildkiteSim
from tests.commands.conftest import Bench

# The others make no requests with the bot's token.
OPERATIONS = tuple(op for op in registry() if op.scopes)
PIPELINES = ("web", "deploy-prod", "mobile")
BUILDS_EACH = 3
_PIPELINE = re.compile(r"/pipelines/([^/]+)(?:/builds/(\d+))?")
_REQUIRED = {
    "agent": "ci-linux-1",
    "artifact": "dist/app.js",
    "body": "Looks fine",
    "cluster": "Open Source",
    "job": "lint",
    "queue": "deploy",
    "repository": "git@github.com:acme-inc/created.git",
    "words": "build view web 1",
}
_TARGETS = {
    "pipeline": st.sampled_from([*PIPELINES, "Web", "created"]),
    "source": st.sampled_from(PIPELINES),
    "branch": st.sampled_from(["main", "release/1", "refs/heads/main", "heads/feature"]),
    "commit": st.sampled_from(["HEAD", "main", "v1.2", "a" * 40]),
    "build": st.integers(1, BUILDS_EACH).map(str),
    "env": st.dictionaries(st.sampled_from(["DEPLOY", "RING"]), st.just("1"), min_size=1),
}
Given = dict[str, str | list[str] | dict[str, str]]


class RecordingPolicy(PolicyService):
    """The policy, with a note of each target that a command has it judge while it runs."""

    judged: list[Target]

    async def judge(self, actor: Actor, op: Operation, target: Target) -> Allow | ApprovalRequirement:
        self.judged.append(target)
        return await super().judge(actor, op, target)


def _values(argument: Argument, part: str | None) -> st.SearchStrategy[str | list[str] | dict[str, str]]:
    if part:
        return _TARGETS[part].map(lambda value: [value] if argument.kind == "list" else value)
    match argument.kind:
        case "bool" if argument.name == "subscribe":
            return st.just("false")  # there is no database here
        case "bool":
            return st.sampled_from(["true", "false"])
        case "choice":
            return st.sampled_from(argument.choices)
        case "number":
            return st.integers(argument.low or 1, min(argument.high or 9, 99)).map(str)
        case "dict":
            return st.just({"release-name": "1.0"})
        case "list":
            return st.sampled_from(argument.choices or ("main", "web")).map(lambda word: [word])
    return st.sampled_from([_REQUIRED.get(argument.name, "created"), "1h"])


def make_arguments(op: Operation) -> st.SearchStrategy[Given]:
    """Return a strategy for an operation's arguments: always its target, and some of the others."""
    parts = {name: part for part, name in find_target_fields(op.args.model_fields).items()}
    declared = read_arguments(op.args)
    always = {a.name: _values(a, parts.get(a.name)) for a in declared if a.required or a.name in parts}
    if any(a.name == "job" for a in declared):
        always["job"] = st.sampled_from(["lint", "release"])
    others = {a.name: _values(a, None) for a in declared if a.name not in always and a.name != "org"}
    return st.fixed_dictionaries(always, optional=others)


def set_up_builds(sim: BuildkiteSim) -> None:
    """Give each pipeline builds of different branches."""
    for pipeline in () if sim.builds else PIPELINES:
        for number in range(BUILDS_EACH):
            build = sim.create_build(pipeline, branch=["main", "release/1", "feature"][number])
            if number != 1:
                sim.run_build(build, fail=["lint"])


def find_unjudged(op: Operation, args: Args, judged: list[Target], request: RecordedRequest) -> list[str]:
    """Return what a request names and no target has; a target without a branch counts as any in listings."""
    found = _PIPELINE.search(request.path)
    targets, writes = [read_target(args), *judged], request.method != "GET"
    faults: list[str] = []
    if found:
        seen = {target.pipeline for target in targets} | {target.source for target in targets}
        faults += [] if found[1] in seen else [f"pipeline {found[1]}"]
    number = getattr(args, find_target_fields(op.args.model_fields).get("build", ""), None)
    if found and found[2] and writes and int(found[2]) != number:
        faults.append(f"build {found[2]}")
    if request.path.endswith("/builds") and writes:
        faults += _find_unjudged_in_body(request.json, targets)
    query = parse_qs(request.query)
    branches = {target.branch for target in targets}
    faults += [
        f"branch {name}"
        for name in (*query.get("branch", ()), *query.get("branch[]", ()))
        if not {name, None} & branches
    ]
    commits = {target.commit for target in targets}
    return faults + [f"commit {name}" for name in query.get("commit", ()) if name not in commits]


def _find_unjudged_in_body(body: dict[str, object], targets: list[Target]) -> list[str]:
    branch, commit, env = body.get("branch"), body.get("commit"), body.get("env")
    return [
        *([] if any(target.branch == branch for target in targets) else [f"branch {branch}"]),
        *([] if commit == "HEAD" or any(target.commit == commit for target in targets) else [f"commit {commit}"]),
        *([] if not env or any(target.has_env for target in targets) else [f"env {env}"]),
    ]


def watch_policy(bench: Bench) -> tuple[Bench, list[Target]]:
    """Return a bench whose policy notes every target that commands have it judge, and the notes."""
    judged: list[Target] = []
    person = next(group for group in bench.services if isinstance(group, PersonServices))
    policy = RecordingPolicy(lambda: DEFAULT, bench.registry, person.locks, bench.clock)
    policy.judged = judged
    return bench.with_service(replace(person, policy=policy)), judged


async def run_operation(bench: Bench, op: Operation, given: Given) -> tuple[Args | None, list[RecordedRequest]]:
    """Run an operation as far as it goes; return its pinned arguments and the requests that it made with them."""
    context, before = bench.build_context(op), list(bench.sim.requests)
    pinned: Args | None = None
    with suppress(KitestringError):
        args = validate(op, given)
        pinned = await op.pin(args, context) if op.pin else args
        before = list(bench.sim.requests)
        await op.run(pinned, context)
    earlier = {id(request) for request in before}
    return pinned, [request for request in bench.sim.requests if id(request) not in earlier] if pinned else []


@settings(max_examples=3, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(every=st.fixed_dictionaries({op.name: make_arguments(op) for op in OPERATIONS}))
async def test_policy_sees_everything_that_reaches_buildkite(bench: Bench, every: dict[str, Given]) -> None:
    """For every operation with any arguments: what its requests name, its target declares or it had judged."""
    set_up_builds(bench.sim)
    watched, judged = watch_policy(bench)
    writes = 0
    for name, arguments in every.items():
        op = watched.registry[name]
        judged.clear()
        watched.clock.advance(60)  # for the whole budget of requests
        pinned, sent = await run_operation(watched, op, arguments)
        writes += sum(request.method != "GET" for request in sent)
        if pinned is None or op.filters_pipelines:  # those read everything and leave out what may not be seen
            continue
        faults = [fault for request in sent for fault in find_unjudged(op, pinned, judged, request)]
        assert faults == [], (name, arguments)
    assert writes >= 3
