"""Mistakes are answered privately, quote the word in question and show the right form."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, block_build, fail_build, start_build
from tests.conversations.world import World


@pytest.mark.exhaustive(keep=6)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "build create wep",
            snapshot("""\
⚠️ There's no pipeline “wep”.
Did you mean web?\
"""),
        ),
        ("build create zzzzzz", snapshot("⚠️ There's no pipeline “zzzzzz”.")),
        (
            "build view web 99",
            snapshot("""\
⚠️ Buildkite has no build web#99, or the token can't see it.
Buildkite says: No build found\
"""),
        ),
        (
            "build view web nine",
            snapshot("""\
⚠️ `nine` isn't a whole number for `number`.
Usage: `/bk build view [pipeline] [number]`\
"""),
        ),
        (
            "build crate web",
            snapshot("""\
⚠️ `build` has no `crate`. Try `/bk build create web`
[Run it]\
"""),
        ),
        (
            "bild create web",
            snapshot("""\
⚠️ There's no command `bild`. Try `/bk build create web`
[Run it]\
"""),
        ),
        (
            "frobnicate",
            snapshot("⚠️ There's no pipeline “frobnicate”."),
        ),
        (
            "build create web --brunch main",
            snapshot("""\
⚠️ `build create` has no `--brunch`. Try `/bk build create web -b main`
[Run it]\
"""),
        ),
        (
            "build create web -b",
            snapshot("""\
⚠️ `-b` needs a value.
Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-M KEY=value] …`\
"""),
        ),
        (
            "build create web main extra",
            snapshot("""\
⚠️ I don't know what to do with `main`.
Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-M KEY=value] …`\
"""),
        ),
        (
            "build create web -e novalue",
            snapshot("⚠️ `-e` takes `KEY=value`: there's no `=`, or nothing before it."),
        ),
        (
            'build create web -m "never closed',
            snapshot("""\
⚠️ The quotation mark before `never` isn't closed.
Close it or remove it.\
"""),
        ),
        (
            "build create web -b main -b other",
            snapshot("""\
⚠️ `--branch` is given twice: `main` and `other`.
Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-M KEY=value] …`\
"""),
        ),
        (
            "agent list --state asleep",
            snapshot("""\
⚠️ `asleep` isn't an option for `--state`.
Choose `running`, `idle`, `paused` or `stopping`.\
"""),
        ),
        (
            "build list web --limit 1000",
            snapshot("""\
⚠️ `1000` is too large for `--limit`: it must be at most 100.
Usage: `/bk build list [pipeline] [-b branch] [-s state] [-c commit] [--creator person] [-M KEY=value] …`\
"""),
        ),
        (
            "build list web --since yesterday",
            snapshot("""\
⚠️ `yesterday` doesn't have the right form for `--since`.
Write it like `24h`.\
"""),
        ),
        (
            "build cancel",
            snapshot("""\
⚠️ Which build do you mean?
Name it (`web 101`, `web#101` or its URL), or ask in the build's thread.\
"""),
        ),
        (
            "job retry",
            snapshot("""\
⚠️ Which build do you mean?
Name it (`web 101`, `web#101` or its URL), or ask in the build's thread.\
"""),
        ),
        (
            "job log Lint -p web -n 1",
            snapshot("""\
⚠️ Buildkite has no build web#1, or the token can't see it.
Buildkite says: No build found\
"""),
        ),
        (
            "list",
            snapshot("""\
⚠️ `list` of what? Try `/bk agent list`, `/bk api-token list`, `/bk artifacts list` or 6 more.
See `/bk help`.\
"""),
        ),
        (
            "agent pause ci-linux-1 -t 0",
            snapshot("""\
⚠️ `0` is too small for `--timeout-in-minutes`: it must be at least 1.
Usage: `/bk agent pause <agent> [--note reason] [--timeout-in-minutes N]`\
"""),
        ),
        (
            "agent pause ci-linux-1 --timeout-in-minutes soon",
            snapshot("""\
⚠️ `soon` isn't a whole number for `--timeout-in-minutes`.
Usage: `/bk agent pause <agent> [--note reason] [--timeout-in-minutes N]`\
"""),
        ),
        (
            "agent view ci-linux",
            snapshot("""\
⚠️ There's no connected agent “ci-linux”.
Did you mean ci-linux-1, ci-linux-2 or ci-linux-3?\
"""),
        ),
    ],
)
async def test_a_mistake_is_quoted(world: World, words: str, expected: object) -> None:
    """Each mistake gets one private answer, and nothing is started."""
    assert await ask_privately(world, world.alice, words) == expected
    assert (world.buildkite.builds, world.slack.messages(world.deploys)) == ([], [])


async def test_unsuitable_jobs_are_refused(world: World) -> None:
    """A job that doesn't exist, one that can't be unblocked, and one that didn't fail are refused."""
    _, card = await fail_build(world)
    words = ("job log Lnt", "job unblock", "job unblock Lint", "job retry Package", "log Package")
    assert [await ask_privately(world, world.bob, text, card) for text in words] == snapshot(
        [
            """\
⚠️ web#1 has no job “Lnt”.
Did you mean :eslint: Lint?\
""",
            """\
`job unblock` needs some details.
[Unblock]\
""",
            "⚠️ Buildkite refused: This job type cannot be unblocked",
            "⚠️ Buildkite refused: Only failed, timed out or canceled jobs can be retried",
            ":package: Package of web#1 · skipped: the log is still empty.",
        ]
    )


async def test_nothing_to_retry(world: World) -> None:
    """A build that hasn't failed has nothing to retry; a rebuild needs no failure."""
    await start_build(world)
    words = ("build rebuild web 1", "build retry web 1")
    await world.settle(1)
    for text in words:
        await world.bob.types(world.deploys, f"/bk {text}")
        await world.settle(2)
    assert world.transcript() == snapshot("""\
#deploys
kitestring: 🕒 *web#1* is scheduled on `main`
    requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]
kitestring: 🕒 *web#2* is scheduled on `main`
    requested by bob created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]
(only bob) kitestring: web#1 has no failed jobs to retry.\
""")


async def test_a_step_that_is_already_unblocked(world: World) -> None:
    """Unblocking twice by text is answered the second time."""
    _, card = await block_build(world)
    await ask_privately(world, world.alice, "whoami", card)
    for _ in range(2):
        await world.bob.posts(world.deploys, "@kitestring job unblock release release-name=1", thread_ts=card)
        await world.settle(3)
    assert world.whispers(world.bob) == snapshot(["Already unblocked by bob at 2026-11-02 09:00 UTC."])


async def test_a_near_miss_can_be_run(world: World) -> None:
    """The corrected line has a button that runs it, if the policy allows it. Nothing that stops is offered."""
    assert await ask_privately(world, world.bob, "build crate web -b next") == snapshot("""\
⚠️ `build` has no `crate`. Try `/bk build create web -b next`
[Run it]\
""")
    offer = world.slack.ephemerals(world.bob)[-1]
    await world.bob.clicks_twice(offer, "Run it")
    await world.settle(3)
    assert [(build.pipeline.slug, build.branch) for build in world.buildkite.builds] == [("web", "next")]
    words = ("build create web main", "agent list --state pausd", "build cancle web 1", "agent pasue ci-linux-1")
    assert [await ask_privately(world, world.bob, text) for text in words] == snapshot(
        [
            """\
⚠️ A branch goes after `-b`: `/bk build create web -b main`
[Run it]\
""",
            """\
⚠️ `pausd` isn't an option for `--state`. Try `/bk agent list -s paused`
[Run it]\
""",
            "⚠️ `build` has no `cancle`. Try `/bk build cancel web 1`",
            "⚠️ `agent` has no `pasue`. Try `/bk agent pause ci-linux-1`",
        ]
    )
    await ask_privately(world, world.gwen, "build crate web")
    await world.gwen.clicks(world.slack.ephemerals(world.gwen)[-1], "Run it")
    await world.settle(2)
    assert world.whispers(world.gwen)[-1] == snapshot("""\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""")
    assert await ask_privately(world, world.bob, "buidl create web -e TOKEN=hunter2") == snapshot("""\
⚠️ There's no command `buidl`. Try `/bk build create web -e TOKEN=•••`
[Run it]\
""")
