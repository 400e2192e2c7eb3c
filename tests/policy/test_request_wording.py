"""Approvers read in words what would run: all of it, apart from values that look like secrets."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.access.approvals.request_wording import describe_request, looks_secret
from bot.access.policy.rules import GUARDABLE_VERBS, Target, is_guarded
from bot.operations.arguments import read_arguments
from bot.operations.operation import Operation
from bot.slack.blockkit.mrkdwn import strip_markup
from commands import registry
from simulators.slack.models import Message
from tests.conversations.acts import block_build
from tests.conversations.world import World, format_message, open_world

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
operations = ["create", "rebuild"]
approvers = { users = ["@cara"], groups = ["@release"] }

[[protect]]
name = "the gate"
pipelines = ["web", "gated"]
operations = ["unblock", "rebuild", "cancel", "retry"]
approvers = { users = ["U0BOB0001"] }
"""
FIELDS = [
    {"text": "Release name", "key": "release-name"},
    {
        "select": "Ring",
        "key": "ring",
        "default": "one",
        "options": [{"label": "Canary", "value": "one"}, {"label": "Everybody", "value": "all"}],
    },
    {"text": "Signing key", "key": "sign", "required": False},
]


def list_protectable() -> list[Operation]:
    """Return the operations that a policy can protect."""
    verbs = frozenset(GUARDABLE_VERBS)
    return [op for op in registry() if is_guarded(verbs, ("*",), op, Target())]


def write_policy(folder: Path) -> Path:
    """Protect production, and what changes builds of web."""
    path = folder / "policy.toml"
    path.write_text(RULES)
    return path


async def ask(world: World, words: str) -> Message:
    """Alice asks for something that needs approval; the card of it."""
    await world.alice.types(world.deploys, f"/bk {words}")
    await world.settle(2)
    return world.card()


@pytest.mark.parametrize("op", list_protectable(), ids=lambda op: op.name)
def test_every_protectable_operation_says_what_it_does(op: Operation) -> None:
    """Each declares a phrase whose parts are arguments of its own."""
    args = {argument.name: "7" for argument in read_arguments(op.args)}
    wording = describe_request(op, {**args, "env": {}, "metadata": {}, "fields": {}}, {})
    assert wording.act
    assert "7" in wording.act
    assert "{" not in op.phrase.format_map(dict.fromkeys(("pipeline", "branch", "build", "job"), ""))


async def test_the_request_is_one_sentence(tmp_path: Path) -> None:
    """Pipeline, branch, message and environment are shown; a secret only by its name; the dialog says it too."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        world.slack.group("S0RELEASE", "release", [world.bob.id])
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        await cara.types(world.deploys, "/bk whoami")
        card = await ask(
            world, "build create deploy-prod -b main -e RING=canary -e TOKEN=hunter2 -M team=core -m 'Ship v2'"
        )
        assert format_message(card) == snapshot("""\
✋ *Approval needed*
alice wants to start *deploy-prod* on `main`: Ship v2, `RING=canary`, `TOKEN=•••`
*Commit*: latest on `main` when it starts
*Meta-data*: `team=core`
Needs 1 approval from <!subteam^S0RELEASE> or <@U0CARA001> before 2026-11-02 09:30 UTC.
“production”
[Approve] [Refuse] [Withdraw]\
""")
        assert "hunter2" not in str(card.blocks)
        [row] = [block for block in card.blocks or [] if block["type"] == "actions"]
        assert row["elements"][0]["confirm"]["text"]["text"] == snapshot(
            "alice wants to start deploy-prod on main: Ship v2, RING=canary, TOKEN=•••. It starts as soon as enough people have approved it."
        )


async def test_answers_of_a_block_step_are_shown_by_their_labels(tmp_path: Path) -> None:
    """The labels of fields and options are shown, defaults too; a missing field is asked for at once."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        world.buildkite.pipeline(
            "gated", steps=[{"command": "true"}, {"block": "Ship?", "key": "gate", "fields": FIELDS}]
        )
        _build, card = await block_build(world, "gated")
        await world.alice.posts(world.deploys, "@kitestring unblock sign=abc", thread_ts=card)
        await world.settle(2)
        assert world.whispers(world.alice)[-1] == snapshot("""\
⚠️ This step needs `release-name` (Release name).
Add `release-name=…`.\
""")
        await world.alice.posts(world.deploys, "@kitestring unblock release-name=1.42 sign=abc", thread_ts=card)
        await world.settle(2)
        assert format_message(world.slack.thread(world.deploys, card)[-1]) == snapshot("""\
✋ *Approval needed*
alice wants to unblock *Ship?* in *gated#1*: Release name `1.42`, Ring `Canary`, Signing key •••
Needs 1 approval from <@U0BOB0001> before 2026-11-02 09:30 UTC.
“the gate”
[Approve] [Refuse] [Withdraw]\
""")


async def test_requests_about_builds_and_jobs_name_them(tmp_path: Path) -> None:
    """A retry, a rebuild and a cancellation are worded, too."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        build = world.buildkite.create_build("web")
        sentences = [(await ask(world, f"build cancel web {build.number} --yes")).plain().split("\n")[1]]
        world.buildkite.run_build(build, fail=["lint"])
        for words in ("build rebuild web 1", "build retry web 1", "job retry lint -p web -n 1"):
            sentences.append((await ask(world, words)).plain().split("\n")[1])
        assert sentences == snapshot(
            [
                "alice wants to cancel *web#1*",
                "alice wants to rebuild *web#1*",
                "alice wants to retry the failed jobs of *web#1*",
                "alice wants to retry *:eslint: Lint* of *web#1*",
            ]
        )


async def test_a_late_press_says_who_decided_and_when(tmp_path: Path) -> None:
    """Refused, expired and approved cards have no buttons; a press from before says who decided it."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        world.slack.group("S0RELEASE", "release", [world.bob.id])
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        late = []
        for end in ("Refuse", "Approve", ""):
            card = await ask(world, f"build create deploy-prod -m 'try {end}'")
            seen = Message(**vars(card))
            if end:
                await world.bob.clicks(card, end)
            else:
                world.clock.advance(1801)
            await world.settle(3)
            assert "[Approve]" not in format_message(card)
            await cara.clicks(seen, "Approve")
            await world.settle(1)
            late.append(world.whispers(cara)[-1])
        assert late == snapshot(
            [
                """\
⚠️ bob refused this 2026-11-02 09:00 UTC.
Ask again for a new approval.\
""",
                "⚠️ bob approved this 2026-11-02 09:00 UTC.",
                """\
⚠️ This expired 2026-11-02 09:30 UTC, because it didn't get enough approvals in time.
Ask again for a new approval.\
""",
            ]
        )


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("RING", "canary", False),
        ("TOKEN", "x", True),
        ("SSH_KEY", "x", True),
        ("KEYBOARD", "qwerty", False),
        ("DATABASE_URL", "postgres://app:hunter2@db/app", True),
        ("NOTE", "ghp_abcdefghijklmnop", True),
        ("API token", "x", True),
    ],
)
def test_secrets_are_known_by_name_or_format(name: str, value: str, secret: bool) -> None:
    """Only what looks like a secret is masked."""
    assert looks_secret(name, value) is secret


@given(st.text(max_size=300), st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=200), max_size=8))
def test_whatever_is_set_is_named(message: str, env: dict[str, str]) -> None:
    """Every variable is named in the words, whatever it holds."""
    op = registry()["build create"]
    args = {"pipeline": "web", "branch": "main", "commit": "HEAD", "message": message, "env": dict(env)}
    wording = describe_request(op, args, {})
    shown = strip_markup(wording.whole) + "".join(map(strip_markup, wording.details))
    assert shown.count("=") >= sum(1 for name in env if "=" not in name)
