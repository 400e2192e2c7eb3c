"""Rebuilding with changes, and retrying one of several failed jobs, from the menu of a card."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import fail_build, read_created_build
from tests.conversations.world import World, format_message

_SECRET = "hunter2-and-more"


async def test_a_build_is_rebuilt_with_changes(world: World) -> None:
    """The form holds what the build had, except for secret values; those that stay empty are kept."""
    _build, card = await fail_build(world, f"web -b main -e RING=canary -e API_TOKEN={_SECRET} -e OLD=1")
    await world.bob.picks(card, "more", "Rebuild with changes")
    await world.settle(2)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert form.plain() == snapshot("""\
# Rebuild with changes
web#1
Change what should differ. Another branch builds its latest commit; an empty variable keeps its value.
Branch: [main]
Commit: [f323ca74d344749096fd35d0adf20806e5214606]
Message: []
Environment: [RING=canary
API_TOKEN=
OLD=1]
[Rebuild with changes]\
""")
    assert _SECRET not in str(vars(form))
    await world.bob.submits({"Branch": "release", "Environment": "RING=everyone\nAPI_TOKEN="})
    await world.settle(3)
    body = read_created_build(world)
    assert [body["branch"], body["commit"], body["env"]] == snapshot(
        ["release", "HEAD", {"RING": "everyone", "API_TOKEN": "hunter2-and-more"}]
    )
    old, new = world.slack.messages(world.deploys)
    assert [format_message(old), format_message(new)] == snapshot(
        [
            """\
❌ *web#1* failed on `main`
requested by alice f323ca7 with `RING` `API_TOKEN` `OLD` took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
            """\
🕒 *web#2* is scheduled on `release`
requested by bob with `RING` `API_TOKEN` created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""",
        ]
    )


async def test_without_changes_all_is_kept(world: World) -> None:
    """Typed without changes, it builds the same commit with the same environment."""
    build, _card = await fail_build(world, "web -e RING=canary")
    await world.bob.types(world.deploys, "/bk build copy web 1")
    await world.settle(3)
    body = read_created_build(world)
    assert [body["branch"], body["commit"] == build.commit, body["env"]] == ["main", True, {"RING": "canary"}]


async def test_a_checkout_variable_is_refused(world: World) -> None:
    """A variable that would change the checkout is refused here, too."""
    await fail_build(world)
    await world.bob.types(world.deploys, "/bk build copy web 1 -e BUILDKITE_COMMIT=f00")
    await world.settle(3)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
⚠️ You can't set `BUILDKITE_COMMIT`: it would change the checkout without the policy's knowledge.
Name the branch with `-b` and the commit with `-c`.\
"""
        ]
    )


async def test_one_of_several_failed_jobs_is_retried(world: World) -> None:
    """The menu asks which job, privately; only that one is retried."""
    _build, card = await fail_build(world, "web", "lint", "test")
    await world.bob.picks(card, "more", "Retry one job")
    await world.settle(2)
    question = world.slack.ephemerals(world.bob)[-1]
    assert format_message(question) == snapshot("""\
⚠️ Which failed job of web#1?
[:eslint: Lint (failed, 148b2758)] [:jest: Test 1/2 (failed, d450fe4a)] [:jest: Test 2/2 (failed, d67e55fd)]\
""")
    label = next(line for line in format_message(question).split("[") if "Lint" in line).split("]")[0]
    await world.bob.clicks(question, label)
    await world.settle(3)
    assert [world.replies(card)[-2:], world.whispers(world.bob)] == snapshot(
        [["bob retried :eslint: Lint of web#1", "🟠 web#1 is failing: :jest: Test 1/2 (exit 1) and 1 more"], []]
    )
