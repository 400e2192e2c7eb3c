"""What is only looked at is answered privately."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import asks, failed, started
from tests.conversations.world import World

LOG = (
    "\x1b_bk;t=1793610000000\x07~~~ Preparing\r\n\x1b_bk;t=1793610000001\x07\x1b[31mE\x1b[0m cart_test.py\n"
    "export API_TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz\nPASSWORD=hunter2secret\n<!channel> `done` & <b>\n"
)


async def test_builds_are_listed(world: World) -> None:
    """The newest builds, of one pipeline or all, filtered; nothing there is said too."""
    world.buildkite.run_build(world.buildkite.create_build("web", message="One"), fail=["lint"])
    world.buildkite.create_build("api", "topic", message="Two")
    words = (
        "build list",
        "build list web --state failed",
        "builds",
        "build list web --state passed",
        "build list docs-site",
    )
    assert [await asks(world, world.bob, said) for said in words] == snapshot(
        [
            """\
Builds of every pipeline, newest first
🕒 Scheduled · api#1 · `topic` · Two · 2026-11-02 09:00 UTC
❌ Failed · web#1 · `main` · One · 2026-11-02 09:00 UTC\
""",
            """\
Builds of web, newest first
❌ Failed · web#1 · `main` · One · 2026-11-02 09:00 UTC\
""",
            """\
⚠️ I don't know `builds`.
Did you mean `build` or `rebuild`?\
""",
            """\
Builds of web, newest first
Nothing to show.\
""",
            """\
Builds of docs-site, newest first
Nothing to show.\
""",
        ]
    )
    assert world.slack.messages(world.deploys) == []


async def test_a_build_is_shown_in_its_thread(world: World) -> None:
    """Inside the thread the build may be left out; the answer stays private and in the thread."""
    _, card = await failed(world)
    assert await asks(world, world.bob, "view", card) == snapshot("""\
❌ web#1 failed
*Branch*
`main`
*Commit*
`f323ca74d344`
*Started by*
alice
*Time*
took 0s
*Source*
api
❌ :eslint: Lint · exit status 1
1 failed · 2 passed · 2 waiting failed
[Retry failed] [Rebuild] [Logs]\
""")
    assert world.slack.ephemerals(world.bob)[-1].thread_ts == card.ts


async def test_jobs_are_listed(world: World) -> None:
    """Every job with its state; failed ones have buttons for log and retry."""
    await failed(world)
    assert await asks(world, world.bob, "job list web 1") == snapshot("""\
Jobs of web#1
❌ failed · :eslint: Lint · exit status 1 · ci-linux-1
✅ passed · :jest: Test 1/2 · ci-linux-2
✅ passed · :jest: Test 2/2 · ci-linux-3
🕒 waiting failed · :package: Package
[Log: :eslint: Lint] [Retry: :eslint: Lint]\
""")
    assert await asks(world, world.bob, "job list web 1 --state failed,broken") == snapshot("""\
Jobs of web#1
❌ failed · :eslint: Lint · exit status 1 · ci-linux-1
[Log: :eslint: Lint] [Retry: :eslint: Lint]\
""")


async def test_the_end_of_a_log(world: World) -> None:
    """The only failed job is meant; ANSI and time marks are gone, secrets are masked, markup is inert."""
    build, card = await failed(world)
    world.buildkite.log(build.named("lint").id, LOG)
    said = await asks(world, world.bob, "log", card)
    assert said == snapshot("""\
:eslint: Lint of web#1 · failed · exit status 1
```
exit status 1
▸ Preparing
E cart_test.py
export API_TOKEN=•••
PASSWORD=•••
<!channel> `done` & <b>
```
The whole log; secrets are masked.
[Retry job] [Whole log as a file] [Open in Buildkite]\
""")
    assert "hunter2secret" not in str(world.slack.ephemerals(world.bob)[-1].blocks)


async def test_the_whole_log_as_a_file(world: World) -> None:
    """The file comes by direct message; it is clean and masked as well."""
    build, card = await failed(world)
    world.buildkite.log(build.named("lint").id, LOG * 60)
    await world.bob.clicks(card, "Logs")
    await world.settle(1)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Whole log as a file")
    await world.settle(2)
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
        ["(file: Log of :eslint: Lint, web#1)"]
    )
    content = next(iter(world.slack.uploads.values()))["content"].decode()
    assert content.count("cart_test.py") == 60
    assert "\x1b" not in content
    assert "hunter2secret" not in content


async def test_logs_of_several_failed_jobs(world: World) -> None:
    """Which job is meant is asked with buttons; one press shows its log."""
    _, card = await failed(world, "web", "lint", "test")
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
The whole log; secrets are masked.
[Retry job] [Whole log as a file] [Open in Buildkite]\
""")


async def test_one_job_is_retried_by_name(world: World) -> None:
    """In the thread a job is named; everybody reads who retried it."""
    build, card = await failed(world)
    await world.bob.says(world.deploys, "@kitestring job retry Lint", thread_ts=card)
    await world.settle(4)
    assert build.state == "running"
    assert world.replies(card)[2:] == snapshot(
        ["<@U0BOB0001> retried :eslint: Lint of web#1", "🔵 web#1 is running again."]
    )


async def test_who_am_i(world: World) -> None:
    """Who somebody is to the bot, and what they may do; a guest may nothing."""
    people = (world.alice, world.bob, world.gwen)
    said = [await asks(world, person, "whoami") for person in people]
    assert [answer.split("*You may*")[0] for answer in said] == snapshot(
        [
            """\
You are alice.
*You*
<@U0ALICE01>
*In this workspace*
admin
*E-mail*
alice@acme.example
*Buildkite organization*
`acme-inc`
*I act there as*
Sam Kim
""",
            """\
You are bob.
*You*
<@U0BOB0001>
*In this workspace*
member
*E-mail*
bob@acme.example
*Buildkite organization*
`acme-inc`
*I act there as*
Sam Kim
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
        ]
    )


async def test_who_am_i_tells_what_i_may(world: World) -> None:
    """An admin may all that a member may, and pause agents."""
    admin, member = [
        (await asks(world, one, "whoami")).split("\n")[-1].split(", ") for one in (world.alice, world.bob)
    ]
    assert set(member) < set(admin)
    assert {"agent pause", "agent resume", "agent stop"} <= set(admin) - set(member)


async def test_help_shows_what_this_person_may(world: World) -> None:
    """Bob sees no agent commands that are not his; one noun, one command and nothing at all are answered."""
    await started(world)
    assert await asks(world, world.bob, "help") == snapshot("""\
*What you can run here*
`/bk agent` list · view
`/bk build` cancel · create · list · rebuild · retry · view · watch
`/bk help` Show what you can run here.
`/bk job` list · log · retry · unblock
`/bk status` How the bot itself is doing: webhooks, budget, what waits, who writes.
`/bk whoami` Show who you are to me, and what you may do here.
More: `/bk help <noun> <verb>`, or the same words after a mention of me, in threads too.\
""")
    assert await asks(world, world.bob, "help agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname hostname] [--version version] [-s running|idle|paused|stopping] …`
List the connected agents and what they do.
`/bk agent view <agent>`
Show an agent: its state, its job, its tags.
More: `/bk help agent <verb>`\
""")
    assert await asks(world, world.bob, "help job unblock") == snapshot("""\
*Job unblock*
`/bk job unblock [job] [KEY=value]… [-p pipeline] [-n N]`
Let a build go on past its block step.
• `job` Job name, id or URL
• `-p, --pipeline` Pipeline
• `-n, --number` Build number
• `KEY=value` What the step asks for, may be repeated
*Examples*
`/bk job unblock`
`/bk job unblock release -p web -n 101 release-name=1.42 ring=canary`\
""")
    assert await asks(world, world.bob, "build cancel --help") == snapshot("""\
*Build cancel*
`/bk build cancel [pipeline] [number]`
Cancel a build and stop its jobs.
• `pipeline` Pipeline
• `number` Build number
*Examples*
`/bk build cancel web 101`
`/bk build cancel`
`/bk build cancel web#101 --yes`\
""")
    assert await asks(world, world.alice, "agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname hostname] [--version version] [-s running|idle|paused|stopping] …`
List the connected agents and what they do.
`/bk agent pause <agent> [-n note] [-t N]`
Stop an agent taking new jobs for a while.
`/bk agent resume <agent>`
Let a paused agent take jobs again.
`/bk agent stop <agent> [-f]`
Disconnect an agent, after its job unless forced.
`/bk agent view <agent>`
Show an agent: its state, its job, its tags.
More: `/bk help agent <verb>`\
""")


async def test_no_words_at_all(world: World) -> None:
    """`/bk` alone and a bare mention are answered with help."""
    await world.bob.types(world.deploys, "/bk")
    await world.settle(1)
    await world.bob.says(world.deploys, "@kitestring")
    await world.settle(1)
    await world.bob.says(world.bob.dm, "help build create")
    await world.settle(1)
    said = [text.split("\n")[0] for text in world.whispers(world.bob)]
    assert said == snapshot(["*What you can run here*", "*What you can run here*", "*Build create*"])
