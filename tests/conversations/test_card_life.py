"""The life of a card: what it shows in every state, and the replies in its thread."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import fail_build, start_build
from tests.conversations.world import World, format_message


async def test_from_scheduled_to_failed_and_on_to_passed(world: World) -> None:
    """A build runs, fails, is retried from its card and passes: one edited card, and a thread with the story."""
    build = await start_build(world)
    card = world.card()
    lines = [format_message(card)]
    for _ in range(3):
        world.buildkite.advance(build)
    await world.settle(4)
    lines.append(format_message(card))
    world.buildkite.finish_job(build.find_job("lint").id, 1)
    await world.settle(4)
    lines.append(format_message(card))
    world.buildkite.run_build(build)
    await world.settle(4)
    lines.append(format_message(card))
    assert lines == snapshot(
        [
            """\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""",
            """\
🔵 *web#1* is running on `main`
requested by alice f323ca7 started 2026-11-02 09:00 UTC 0 of 4 jobs done · 3 running · 1 waiting
[Cancel] [Open in Buildkite]\
""",
            """\
🟠 *web#1* is failing on `main`
requested by alice f323ca7 started 2026-11-02 09:00 UTC 1 of 4 jobs done · 1 failed · 2 running · 1 waiting
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
▸ Running on ci-linux-1
$ bin/lint
```
[Cancel] [Logs] [Open in Buildkite]\
""",
            """\
❌ *web#1* failed on `main`
requested by alice f323ca7 took 8s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
▸ Running on ci-linux-1
$ bin/lint
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
        ]
    )
    await world.bob.clicks(card, "Retry failed")
    await world.settle(6)
    again = format_message(card)
    world.buildkite.run_build(build)
    await world.settle(6)
    assert [again, format_message(card)] == snapshot(
        [
            """\
🔵 *web#1* is running on `main`
requested by alice f323ca7 started 2026-11-02 09:00 UTC 2 of 4 jobs done · 2 waiting
[Cancel] [Open in Buildkite]\
""",
            """\
✅ *web#1* passed on `main`
requested by alice f323ca7 took 18s 4 passed
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
        ]
    )
    assert world.replies(card) == snapshot(
        [
            "🔵 web#1 started running.",
            "🟠 web#1 is failing: :eslint: Lint (exit 1)",
            "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)",
            "bob retried 1 failed job of web#1",
            "✅ web#1 passed after 18s.",
        ]
    )
    assert len(world.slack.messages(world.deploys)) == 1


async def test_one_line_for_notifications(world: World) -> None:
    """Each message has a line of text for screen readers; the requester is mentioned if the build fails."""
    _, card = await fail_build(world)
    assert [card.text, *(reply.text for reply in world.slack.thread(world.deploys, card)[1:])] == snapshot(
        [
            "❌ web#1 failed on main, requested by alice",
            "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)",
        ]
    )


async def test_a_passed_build_pings_no_one(world: World) -> None:
    """A build that passes mentions no one."""
    build = await start_build(world)
    world.buildkite.advance(build)
    await world.settle(4)
    world.buildkite.run_build(build)
    await world.settle(4)
    assert world.replies(world.card()) == snapshot(["🔵 web#1 started running.", "✅ web#1 passed after 4s."])


async def test_a_build_canceled_in_buildkite(world: World) -> None:
    """If someone cancels on the web, the card and the thread say so."""
    build = await start_build(world)
    world.buildkite.advance(build)
    await world.settle(4)
    world.buildkite.cancel_build(build)
    await world.settle(3)
    middle = format_message(world.card())
    world.buildkite.run_build(build)
    await world.settle(4)
    assert [middle, format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
🚫 *web#1* is being canceled on `main`
requested by alice f323ca7 started 2026-11-02 09:00 UTC 3 of 4 jobs done · 1 running · 3 canceled
[Open in Buildkite]\
""",
            """\
🚫 *web#1* was canceled on `main`
requested by alice f323ca7 took 7s 4 canceled
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            "🔵 web#1 started running.",
            "🚫 web#1 was canceled after 7s.",
        ]
    )


async def test_a_skipped_build(world: World) -> None:
    """A newer build of the branch takes its place, so the older one is skipped."""
    older = await start_build(world, "api -b topic")
    card = world.card()
    await start_build(world, "api -b topic -m second")
    await world.settle(4)
    assert older.state == "skipped"
    assert [format_message(card), *world.replies(card)] == snapshot(
        [
            """\
⏭️ *api#1* was skipped on `topic`
requested by alice created 2026-11-02 09:00 UTC 3 skipped
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            "⏭️ api#1 was skipped.",
        ]
    )


async def test_a_soft_failure_is_not_a_failure(world: World) -> None:
    """A build passes in spite of a job that may fail; the card calls it a soft failure."""
    build = await start_build(world, "api")
    world.buildkite.run_build(build, fail=["audit"])
    await world.settle(4)
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
✅ *api#1* passed on `main`
requested by alice e521460 took 0s 2 passed · 1 soft failed
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            "✅ api#1 passed after 0s.",
        ]
    )


async def test_an_agent_that_is_lost(world: World) -> None:
    """A job whose agent was lost says so."""
    build = await start_build(world)
    world.buildkite.advance(build)
    agent = build.find_job("lint").agent
    assert agent is not None
    world.buildkite.lose_agent(agent.name)
    await world.settle(4)
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
🟠 *web#1* is failing on `main`
requested by alice f323ca7 started 2026-11-02 09:00 UTC 1 of 4 jobs done · 1 failed · 3 waiting
❌ :eslint: Lint · agent lost
Last lines of *:eslint: Lint*:
```
▸ Running on ci-linux-1
$ bin/lint
```
[Cancel] [Logs] [Open in Buildkite]\
""",
            "🔵 web#1 started running.",
            "🟠 web#1 is failing: :eslint: Lint (agent lost)",
        ]
    )


async def test_rebuild_from_the_card(world: World) -> None:
    """The card's button starts a new build, whose card comes in the same thread."""
    await fail_build(world)
    await world.bob.clicks(world.card(), "Rebuild")
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle(4)
    assert world.transcript() == snapshot("""\
#deploys
kitestring: ❌ *web#1* failed on `main`
    requested by alice f323ca7 took 0s 2 passed · 1 failed · 1 skipped
    ❌ :eslint: Lint · exit status 1
    Last lines of *:eslint: Lint*:
    ```
    exit status 1
    ```
    Rebuilt as web#2 by bob
    [Retry failed] [Logs] [Open in Buildkite] [Rebuild with changes]
  kitestring: <@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)
kitestring: ✅ *web#2* passed on `main`, fixed: web#1 had failed
    requested by bob f323ca7 took 0s 4 passed
    [Rebuild] [Open in Buildkite] [Rebuild with changes]
  kitestring: ✅ web#2 passed after 0s.\
""")


async def test_events_about_waiters_are_taken(world: World) -> None:
    """A waiter has neither state nor times: events about it are acknowledged and change no card."""
    build = await start_build(world)
    world.buildkite.run_build(build)
    await world.settle(4)
    card = format_message(world.card())
    waiter = next(job for job in build.jobs if job.kind == "wait")
    for event in ("job.activated", "job.finished"):
        world.buildkite.hooks.enqueue_event(event, waiter)
    assert [status for _, status in await world.buildkite.deliver()] == [200, 200]
    await world.settle(30)
    assert format_message(world.card()) == card
