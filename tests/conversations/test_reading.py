"""Reads are answered privately."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, fail_build
from tests.conversations.world import World

LOG = (
    "\x1b_bk;t=1793610000000\x07~~~ Preparing\r\n\x1b_bk;t=1793610000001\x07\x1b[31mE\x1b[0m cart_test.py\n"
    "export API_TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz\nPASSWORD=hunter2secret\n<!channel> `done` & <b>\n"
)


async def test_builds_are_listed(world: World) -> None:
    """The newest builds are listed, of one pipeline or all, filtered; an empty list says so."""
    world.buildkite.run_build(world.buildkite.create_build("web", message="One"), fail=["lint"])
    world.buildkite.create_build("api", "topic", message="Two")
    words = (
        "build list",
        "build list web --state failed",
        "builds",
        "build list web --state passed",
        "build list docs-site",
    )
    assert [await ask_privately(world, world.bob, text) for text in words] == snapshot(
        [
            """\
Builds, newest first
State · Build · Branch · Message · Author · Commit · Took · Created
🕒 Scheduled · api#1 · topic · Two · Sam Kim · – · – · 2026-11-02 09:00 UTC
❌ Failed · web#1 · main · One · Sam Kim · f323ca7 · 0s · 2026-11-02 09:00 UTC\
""",
            """\
Builds of web that failed, newest first
State · Build · Branch · Message · Author · Commit · Took · Created
❌ Failed · web#1 · main · One · Sam Kim · f323ca7 · 0s · 2026-11-02 09:00 UTC\
""",
            """\
Builds, newest first
State · Build · Branch · Message · Author · Commit · Took · Created
🕒 Scheduled · api#1 · topic · Two · Sam Kim · – · – · 2026-11-02 09:00 UTC
❌ Failed · web#1 · main · One · Sam Kim · f323ca7 · 0s · 2026-11-02 09:00 UTC\
""",
            """\
No builds of web that passed.
List all with `/bk build list web`.\
""",
            """\
No builds of docs-site.
Start one with `/bk build create docs-site`.\
""",
        ]
    )
    assert world.slack.messages(world.deploys) == []


async def test_a_build_is_shown_in_its_thread(world: World) -> None:
    """In its thread the build may be left out; the answer stays private and in the thread."""
    _, card = await fail_build(world)
    assert await ask_privately(world, world.bob, "view", card) == snapshot("""\
❌ web#1 failed
*Branch*
`main`
*Commit*
f323ca7
*Started by*
alice
*Time*
took 0s
*Source*
api
Jobs
State · Job · Took · End · Agent
❌ failed · :eslint: Lint · 0s · exit status 1 · ci-linux-1
2 passed · 1 failed · 1 skipped
[Retry failed] [Rebuild] [Logs] [Artifacts] [Annotations]\
""")
    assert world.slack.ephemerals(world.bob)[-1].thread_ts == card.ts


async def test_jobs_are_listed(world: World) -> None:
    """Every job has its state; failed ones have buttons for log and retry."""
    await fail_build(world)
    assert await ask_privately(world, world.bob, "job list web 1") == snapshot("""\
Jobs of web#1
Jobs
State · Job · Took · End · Agent
❌ failed · :eslint: Lint · 0s · exit status 1 · ci-linux-1
✅ passed · :jest: Test 1/2 · 0s · – · ci-linux-2
✅ passed · :jest: Test 2/2 · 0s · – · ci-linux-3
⏭️ skipped · :package: Package · – · – · –
2 passed · 1 failed · 1 skipped
[Retry: :eslint: Lint] [Log: :eslint: Lint]\
""")
    assert await ask_privately(world, world.bob, "job list web 1 --state failed,broken") == snapshot("""\
Jobs of web#1
Jobs
State · Job · Took · End · Agent
❌ failed · :eslint: Lint · 0s · exit status 1 · ci-linux-1
2 passed · 1 failed · 1 skipped
[Retry: :eslint: Lint] [Log: :eslint: Lint]\
""")


async def test_the_end_of_a_log(world: World) -> None:
    """The only failed job is taken; ANSI codes and time marks are removed, secrets masked, markup inert."""
    build, card = await fail_build(world)
    world.buildkite.log(build.find_job("lint").id, LOG)
    answer = await ask_privately(world, world.bob, "log", card)
    assert answer == snapshot("""\
:eslint: Lint of web#1 · failed · exit status 1
```
exit status 1
▸ Preparing
E cart_test.py
export API_TOKEN=•••
PASSWORD=•••
<!channel> `done` & <b>
```
Full log. Secrets are masked.
[Retry job] [Full log as a file] [Open in Buildkite]\
""")
    assert "hunter2secret" not in str(world.slack.ephemerals(world.bob)[-1].blocks)


async def test_the_whole_log_as_a_file(world: World) -> None:
    """The file comes by direct message, cleaned and masked too."""
    build, card = await fail_build(world)
    world.buildkite.log(build.find_job("lint").id, LOG * 60)
    await world.bob.clicks(card, "Logs")
    await world.settle(1)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Full log as a file")
    await world.settle(2)
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
        ["(file: Log of :eslint: Lint, web#1)"]
    )
    content = next(iter(world.slack.uploads.values()))["content"].decode()
    assert content.count("cart_test.py") == 60
    assert "\x1b" not in content
    assert "hunter2secret" not in content


async def test_logs_of_several_failed_jobs(world: World) -> None:
    """Several failed jobs are offered as buttons; one press shows its log."""
    _, card = await fail_build(world, "web", "lint", "test")
    await world.bob.clicks(card, "Logs")
    await world.settle(1)
    question = world.slack.ephemerals(world.bob)[-1]
    assert [line.split(" (")[0] for line in question.plain().split("\n")] == snapshot(
        ["⚠️ Which failed job of web#1?", "[:eslint: Lint"]
    )
    label = question.blocks[-1]["elements"][0]["text"]["text"] if question.blocks else ""
    await world.bob.clicks(question, label)
    await world.settle(1)
    assert world.whispers(world.bob)[-1] == snapshot("""\
:eslint: Lint of web#1 · failed · exit status 1
```
exit status 1
```
Full log. Secrets are masked.
[Retry job] [Full log as a file] [Open in Buildkite]\
""")


async def test_one_job_is_retried_by_name(world: World) -> None:
    """In the thread a job is named; everyone reads who retried it."""
    build, card = await fail_build(world)
    await world.bob.posts(world.deploys, "@kitestring job retry Lint", thread_ts=card)
    await world.settle(4)
    assert build.state == "running"
    assert world.replies(card)[2:] == snapshot(["bob retried :eslint: Lint of web#1"])
