"""Starting builds: by slash command, mention and form."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import read_created_build
from tests.conversations.world import World, format_message


async def test_a_slash_command_starts_a_build_and_its_card_is_the_answer(world: World) -> None:
    """One typed line posts the card in the channel, and nothing else."""
    ack = await world.alice.types(world.deploys, '/bk build create web -b main -m "Ship it"')
    await world.settle(3)
    assert (ack.status, ack.body) == (200, "")
    assert world.transcript() == snapshot("""\
#deploys
kitestring: 🕒 *Ship it* – web#1 is scheduled on `main`
    requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")
    assert world.card().text == snapshot("🕒 Ship it – web#1 is scheduled on main, requested by alice")


async def test_the_request_reaches_buildkite_exactly(world: World) -> None:
    """Environment values are sent as typed, the person is the author, and the build has Kitestring's marks."""
    words = (
        "/bk build create web -e DEPLOY=1 -e 'GREETING=two words' -e EMPTY= -e URL=https://x.example/?a=b&c=<d>"
    )
    await world.alice.types(world.deploys, words)
    await world.settle(3)
    body = read_created_build(world)
    marks = body.pop("meta_data")
    assert body == snapshot(
        {
            "commit": "HEAD",
            "branch": "main",
            "author": {"name": "alice", "email": "alice@acme.example"},
            "env": {"DEPLOY": "1", "GREETING": "two words", "EMPTY": "", "URL": "https://x.example/?a=b&c=<d>"},
        }
    )
    assert sorted(marks) == snapshot(["kitestring", "kitestring:invocation"])
    assert marks["kitestring"] == world.bot.workspace.deps.slack.identity.instance
    assert world.buildkite.builds[-1].env == body["env"]


async def test_environment_values_are_never_shown(world: World) -> None:
    """Neither the card nor any reply or private answer repeats a value."""
    for _ in range(2):
        await world.alice.types(world.deploys, "/bk build create web -e TOKEN=hunter2-and-more")
        await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[0], fail=["lint"])
    await world.alice.types(world.deploys, "/bk build view web 1")
    await world.settle(3)
    seen = str([*map(vars, world.slack.posted[world.deploys.id]), *map(vars, world.slack.ephemeral_messages)])
    assert "web#1" in seen
    assert "hunter2" not in seen


async def test_smart_punctuation_does_no_harm(world: World) -> None:
    """Quotes and dashes that a phone replaced mean the same."""
    words = "/bk build create web --branch fix/it --message \"It's Bob's 'fix'\" -e 'A=b c'"
    await world.bob.types(world.deploys, words, smart=True)
    await world.settle(3)
    body = read_created_build(world)
    assert (body["branch"], body["message"], body["env"]) == snapshot(("fix/it", "It's Bob's 'fix'", {"A": "b c"}))


async def test_web_at_branch_and_a_tag(world: World) -> None:
    """`web@branch` names both; a commit is passed on, and the card shows it."""
    await world.alice.types(world.deploys, "/bk create web@release/2.1 -c v2.1.0")
    await world.settle(3)
    body = read_created_build(world)
    assert (body["branch"], body["commit"]) == ("release/2.1", "v2.1.0")
    assert format_message(world.card()) == snapshot("""\
🕒 *web#1* is scheduled on `release/2.1`
requested by alice `v2.1.0` created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""")


async def test_a_mention_in_a_thread_is_answered_there(world: World) -> None:
    """The card is a reply in the thread, and the channel itself stays as it was."""
    root = (await world.alice.posts(world.deploys, "Who builds the fix?")).message
    assert root is not None
    await world.bob.posts(world.deploys, "@kitestring build create web@fix", thread_ts=root)
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle(4)
    assert [message.ts for message in world.slack.messages(world.deploys)] == [root.ts]
    assert world.replies(root) == snapshot(
        [
            "<@U0BOT0001> build create web@fix",
            """\
✅ *web#1* passed on `fix`
requested by bob f323ca7 took 0s 4 passed
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            "✅ web#1 passed after 0s.",
        ]
    )


async def test_a_mention_in_the_channel_is_answered_in_the_channel(world: World) -> None:
    """A mention outside threads gets its card in the channel."""
    await world.bob.posts(world.deploys, "@kitestring build create web")
    await world.settle(3)
    assert world.transcript(world.deploys) == snapshot("""\
#deploys
bob: <@U0BOT0001> build create web
kitestring: 🕒 *web#1* is scheduled on `main`
    requested by bob created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")


async def test_a_form_starts_a_build(world: World) -> None:
    """Without arguments the form opens; its values start the build."""
    await world.alice.types(world.deploys, "/bk build create")
    await world.settle(1)
    modal = world.slack.modal_of(world.alice)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Start a build
Pipeline: [Type to search]
Branch: [Type to search]
Commit: [HEAD]
Message: [the commit's own message]
Environment: [KEY=value, one per line]
[Start a build]\
""")
    assert await world.alice.searches("Pipeline", "do") == snapshot(["docs-site"])
    await world.alice.submits(
        {"Pipeline": "web", "Branch": "fix/it", "Message": "Two\nlines", "Environment": "A=1\nB=x y = z"}
    )
    await world.settle(3)
    body = read_created_build(world)
    assert (body["branch"], body["commit"], body["message"], body["env"]) == snapshot(
        (
            "fix/it",
            "HEAD",
            """\
Two
lines\
""",
            {"A": "1", "B": "x y = z"},
        )
    )
    assert world.slack.modal_of(world.alice) is None
    assert world.transcript() == snapshot("""\
#deploys
kitestring: 🕒 *Two* – web#1 is scheduled on `fix/it`
    requested by alice with `A` `B` created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")


async def test_a_form_says_what_is_wrong_under_its_fields(world: World) -> None:
    """A malformed line is reported under its field, and nothing is started until it is corrected."""
    await world.alice.types(world.deploys, "/bk build create")
    await world.settle(1)
    await world.alice.submits({"Pipeline": "web", "Environment": "A=1\nnonsense"})
    await world.settle(2)
    modal = world.slack.modal_of(world.alice)
    assert modal is not None
    assert modal.errors == snapshot({"env": "Environment, line 2: write KEY=value, one per line."})
    assert world.buildkite.builds == []
    await world.alice.submits({"Environment": "A=1"})
    await world.settle(3)
    assert [build.env for build in world.buildkite.builds] == [{"A": "1"}]


async def test_a_mention_without_arguments_offers_the_form(world: World) -> None:
    """A mention can't open a form, so a private button does; the answer comes where the mention was."""
    root = (await world.alice.posts(world.deploys, "Release day")).message
    assert root is not None
    await world.bob.posts(world.deploys, "@kitestring create", thread_ts=root)
    await world.settle(1)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
`build create` needs some details.
[Start a build]\
"""
        ]
    )
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Start a build")
    await world.settle(1)
    await world.bob.submits({"Pipeline": "api"})
    await world.settle(3)
    assert world.replies(root)[-1] == snapshot("""\
🕒 *api#1* is scheduled on `main`
requested by bob created 2026-11-02 09:00 UTC 0 of 3 jobs done · 3 waiting
[Cancel] [Open in Buildkite]\
""")
