"""A failure's card says which failures are new, which steps still fail, and which are flaky."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message

BUILD_EVENTS = ("build.scheduled", "build.running", "build.failing", "build.finished")


async def finish_earlier_build(world: World, *fail: str, pipeline: str = "web", branch: str = "main") -> Build:
    """Finish a build that was started in Buildkite, which the bot hears about but doesn't track."""
    build = world.buildkite.create_build_elsewhere(pipeline, branch, creator="Ada Martin")
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(2)
    return build


async def finish_build(world: World, build: Build, *fail: str) -> None:
    """End the build with these steps failed, and let every lookup and reply happen."""
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(6)


async def test_new_failures_and_steps_that_still_fail(world: World) -> None:
    """Lint failed in the previous build, a test didn't: card and reply say so, the new failure first."""
    await finish_earlier_build(world, "lint")
    build = await start_build(world)
    await finish_build(world, build, "lint", "test")
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
❌ *web#2* failed on `main`
requested by alice b490b60 took 0s 3 failed · 1 skipped
❌ :jest: Test 1/2 · exit status 1 · *new failure* · last passed in web#1
❌ :jest: Test 2/2 · exit status 1 · *new failure* · last passed in web#1
❌ :eslint: Lint · exit status 1 · still failing since web#1
Last lines of *:jest: Test 1/2*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Retry one job / Rebuild with changes]\
""",
            "<@U0ALICE01> ❌ web#2 failed: :jest: Test 1/2 (exit 1) and 2 more",
        ]
    )


async def test_a_fixed_step_is_not_mentioned(world: World) -> None:
    """A step that passes again isn't mentioned."""
    await finish_earlier_build(world, "lint", "test")
    build = await start_build(world)
    await finish_build(world, build, "lint")
    assert format_message(world.card()) == snapshot("""\
❌ *web#2* failed on `main`
requested by alice b490b60 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1 · still failing since web#1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_the_first_build_of_a_branch_has_nothing_to_compare_with(world: World) -> None:
    """Without a previous build, no failure is called new."""
    await finish_earlier_build(world, "lint")
    build = await start_build(world, "web -b fresh")
    await finish_build(world, build, "lint")
    assert format_message(world.card()) == snapshot("""\
❌ *web#2* failed on `fresh`
requested by alice b490b60 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_other_branches_and_canceled_builds_are_not_compared(world: World) -> None:
    """A step is compared with the last build of its own branch that passed or failed."""
    await finish_earlier_build(world)
    canceled = world.buildkite.create_build_elsewhere("web", "main")
    world.buildkite.cancel_build(canceled)
    await finish_earlier_build(world, "lint", branch="other")
    build = await start_build(world)
    await finish_build(world, build, "lint")
    assert "*new failure* · last passed in web#1" in format_message(world.card())


RETRIED = [
    {"label": "Flap", "command": "bin/flap", "key": "flap", "retry": {"automatic": [{"limit": 1}]}},
    {"label": "Lint", "command": "bin/lint", "key": "lint"},
]


async def test_flaky_by_retry(world: World) -> None:
    """A step that failed and passed when retried is flaky, whatever else has failed."""
    world.buildkite.pipeline("shop", name="Shop", steps=RETRIED)
    await finish_earlier_build(world, pipeline="shop")
    build = await start_build(world, "shop")
    for name, status in (("flap", 1), ("flap", 0), ("lint", 1)):
        job = build.find_job(name).id
        world.buildkite.start_job(job)
        world.buildkite.finish_job(job, status)
    await world.settle(6)
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
❌ *shop#2* failed on `main`
requested by alice 1d878f9 took 0s 1 passed · 1 failed
❌ Lint · exit status 1 · *new failure* · last passed in shop#1
⚠️ Flap · *flaky*: passed when retried
Commits since shop#1, which passed
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
            "<@U0ALICE01> ❌ shop#2 failed: Lint (exit 1)",
        ]
    )


async def test_flaky_on_the_same_commit(world: World) -> None:
    """A step that passed in another build of the same commit is flaky, not new."""
    build = await finish_earlier_build(world)
    again = world.buildkite.rebuild(build)
    await world.alice.types(world.deploys, f"/bk build watch web {again.number}")
    await world.settle(2)
    await finish_build(world, again, "lint")
    assert format_message(world.card()) == snapshot("""\
❌ *web#2* failed on `main`
followed for alice started by Ada Martin f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1 · *flaky*: failed 1 of 2 in 7 days
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_without_job_webhooks_the_previous_build_is_read_once(world: World) -> None:
    """If webhooks only report builds, one request reads the previous build with its jobs."""
    world.buildkite.hooks.webhooks[0].events = BUILD_EVENTS
    await finish_earlier_build(world, "lint")
    build = await start_build(world)
    await finish_build(world, build, "lint", "test")
    listed = [
        request
        for request in world.buildkite.requests
        if "branch" in request.query and "exclude_jobs" not in request.query
    ]
    assert len(listed) == 1
    assert format_message(world.card()) == snapshot("""\
❌ *web#2* failed on `main`
requested by alice b490b60 took 0s 3 failed · 1 skipped
❌ :jest: Test 1/2 · exit status 1 · *new failure* · last passed in web#1
❌ :jest: Test 2/2 · exit status 1 · *new failure* · last passed in web#1
❌ :eslint: Lint · exit status 1 · still failing since web#1
Last lines of *:jest: Test 1/2*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Retry one job / Rebuild with changes]\
""")


async def test_without_webhooks_the_comparison_is_the_same(world: World) -> None:
    """Without webhooks, reads lead to the same comparison."""
    world.buildkite.webhooks_off = True
    await finish_earlier_build(world, "lint")
    build = await start_build(world)
    await finish_build(world, build, "lint", "test")
    await world.settle(20)
    assert "*new failure* · last passed in web#1" in format_message(world.card())
    assert "still failing since web#1" in format_message(world.card())


async def test_a_failure_costs_three_calls_at_most(world: World) -> None:
    """The previous build, one log and annotations; a passed build costs none of them."""
    world.buildkite.hooks.webhooks[0].events = BUILD_EVENTS
    await finish_earlier_build(world, "lint")
    build = await start_build(world)
    before = len(world.buildkite.requests)
    await finish_build(world, build, "lint", "test")
    asked = [request.path for request in world.buildkite.requests][before:]
    assert sum(path.endswith(("/log", "/annotations", "/pipelines/web/builds")) for path in asked) == 3


async def test_timed_out_expired_and_lost(world: World) -> None:
    """Each failed job says how it ended."""
    build = await start_build(world, "mobile")
    android, ios = build.find_job("android"), build.find_job("ios")
    world.buildkite.start_job(android.id)
    world.buildkite.finish_job(android.id, -1, signal_reason="agent_stop")
    world.buildkite.start_job(ios.id)
    world.buildkite.finish_job(ios.id, 137)
    await world.settle(6)
    assert format_message(world.card()) == snapshot("""\
❌ *mobile#1* failed on `main`
requested by alice b48d73f took 0s 2 failed
❌ :android: Android · agent lost
❌ :ios: iOS · exit status 137
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Retry one job / Rebuild with changes]\
""")
