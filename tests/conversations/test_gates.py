"""Block steps: the card waits, someone unblocks, the build continues."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, block_build
from tests.conversations.world import World, format_message

TWO_GATES = [
    {"label": "Test", "command": "bin/test", "key": "test"},
    {"block": "Staging?", "key": "staging"},
    {"label": "Stage", "command": "bin/stage", "key": "stage"},
    {"block": "Production?", "key": "production"},
    {"label": "Ship", "command": "bin/ship", "key": "ship"},
]


async def test_a_blocked_build_is_unblocked_with_its_form(world: World) -> None:
    """The form has the block step's fields; Buildkite gets the values, and the build continues."""
    build, card = await block_build(world)
    assert [format_message(card), *world.replies(card)] == snapshot(
        [
            """\
✋ *deploy-prod#1* is blocked on `main`
requested by alice cfc6e62 started 2026-11-02 09:00 UTC 1 of 3 jobs done · 2 blocked
✋ Waiting for “Release to production?”
[Unblock] [Open in Buildkite]\
""",
            """\
✋ deploy-prod#1 is waiting for “Release to production?”
[Unblock]\
""",
        ]
    )
    await world.bob.clicks(card, "Unblock")
    await world.settle(1)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Unblock
deploy-prod#1
Release name: []
Ring: [Canary (5 %)]
[Unblock]\
""")
    await world.bob.submits({"Release name": "1.42", "Ring": "Half"})
    await world.settle(4)
    puts = [request for request in world.buildkite.requests if request.path.endswith("/unblock")]
    assert [put.json for put in puts] == snapshot([{"fields": {"release-name": "1.42", "ring": "half"}}])
    world.buildkite.run_build(build)
    await world.settle(4)
    assert [format_message(card), *world.replies(card)] == snapshot(
        [
            """\
✅ *deploy-prod#1* passed on `main`
requested by alice cfc6e62 took 9s 3 passed
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            """\
✋ deploy-prod#1 is waiting for “Release to production?”
Unblocked by bob at 2026-11-02 09:00 UTC.\
""",
            "bob unblocked “Release to production?”: Release name 1.42, Ring Half",
            "✅ deploy-prod#1 passed after 9s.",
        ]
    )


async def test_the_unblock_is_credited_to_a_known_person(world: World) -> None:
    """Bob has a Buildkite user with the same address, so the step is unblocked in his name."""
    bob = world.buildkite.person("Bob Stone", email="bob@acme.example")
    build, card = await block_build(world)
    await ask_privately(world, world.bob, "whoami", card)
    await world.bob.posts(world.deploys, "@kitestring unblock release-name=1.42", thread_ts=card)
    await world.settle(2)
    assert build.find_job("release").unblocked_by == bob


async def test_required_fields_must_be_filled(world: World) -> None:
    """A required field that is empty or blank is an error under that field, and nothing happens."""
    build, card = await block_build(world)
    await world.bob.clicks(card, "Unblock")
    await world.settle(1)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    ack = await world.bob.submits({"Release name": ""})
    assert (ack.problem, modal.errors) == snapshot(
        ("incomplete", {"fields.release-name": "Please complete this required field."})
    )
    await world.bob.submits({"Release name": "   "})
    await world.settle(1)
    assert modal.errors == snapshot({"fields.release-name": "This step needs an answer."})
    assert build.blocked


async def test_unblocked_by_text(world: World) -> None:
    """In the thread, values are typed; a missing or wrong one is answered with the right form."""
    build, card = await block_build(world)
    wrong = ["ring=half", "release release-name=1 ring=moon", "release release-name=1 colour=red"]
    assert [await ask_privately(world, world.bob, f"job unblock {words}", card) for words in wrong] == snapshot(
        [
            """\
⚠️ This step needs `release-name` (Release name).
Add `release-name=…`.\
""",
            """\
⚠️ `moon` isn't an option for `ring`.
Options: `canary`, `half`, `all`.\
""",
            """\
⚠️ This step has no field `colour`.
Its fields: `release-name`, `ring`.\
""",
        ]
    )
    assert build.blocked
    await world.bob.posts(world.deploys, "@kitestring unblock release-name=1.42 ring=everyone", thread_ts=card)
    await world.settle(4)
    assert not build.blocked
    assert world.replies(card)[-2:] == snapshot(
        [
            "<@U0BOT0001> unblock release-name=1.42 ring=everyone",
            "bob unblocked “Release to production?”: Release name 1.42, Ring Everyone",
        ]
    )
    assert build.meta_data["ring"] == "all"


async def test_each_block_step_gets_a_reply(world: World) -> None:
    """Each block step is announced, and each Unblock acts on the step that is waiting."""
    world.buildkite.pipeline("gated", steps=TWO_GATES)
    build, card = await block_build(world, "gated")
    for _ in range(2):
        await world.bob.clicks(world.slack.thread(world.deploys, card)[-1], "Unblock")
        await world.settle(1)
        await world.bob.submits()
        await world.settle(4)
        world.buildkite.run_build(build)
        await world.settle(4)
    assert build.state == "passed"
    assert world.replies(card) == snapshot(
        [
            """\
✋ gated#1 is waiting for “Staging?”
Unblocked by bob at 2026-11-02 09:00 UTC.\
""",
            "bob unblocked “Staging?”",
            """\
✋ gated#1 is waiting for “Production?”
Unblocked by bob at 2026-11-02 09:00 UTC.\
""",
            "bob unblocked “Production?”",
            "✅ gated#1 passed after 18s.",
        ]
    )


async def test_an_unblock_that_came_too_late(world: World) -> None:
    """If someone else unblocked it meanwhile, the button says so and the card is updated."""
    build, card = await block_build(world)
    world.buildkite.webhooks_off = True
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    await world.bob.clicks(card, "Unblock")
    await world.settle(2)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Unblock
Already unblocked by Sam Kim at <!date^1793610007^{time}|2026-11-02 09:00 UTC>.\
""")
    assert format_message(card) == snapshot("""\
🔵 *deploy-prod#1* is running on `main`
requested by alice cfc6e62 started 2026-11-02 09:00 UTC 2 of 3 jobs done · 1 waiting
[Cancel] [Open in Buildkite]\
""")
