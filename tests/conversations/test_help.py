"""Identity, permissions and help."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, block_build, fail_build, start_build
from tests.conversations.world import World


async def test_who_am_i(world: World) -> None:
    """Each person sees who they are and what they may do; a guest may do nothing."""
    people = (world.alice, world.bob, world.gwen)
    answers = [await ask_privately(world, person, "whoami") for person in people]
    assert [answer.split("*You may*")[0] for answer in answers] == snapshot(
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
*I act in Buildkite as*
Sam Kim
*Your own token*
not connected (`/bk connect`)
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
*I act in Buildkite as*
Sam Kim
*Your own token*
not connected (`/bk connect`)
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
        ]
    )


async def test_whoami_sums_up_permissions(world: World) -> None:
    """One line lists the permissions that a person has, and those that they lack."""
    admin, member = [
        (await ask_privately(world, person, "whoami")).split("\n")[-1] for person in (world.alice, world.bob)
    ]
    assert [admin, member] == snapshot(
        [
            "read, logs, build, agents, pipelines, admin, env, artifacts, approve, lock (every command: `/bk help more`)",
            "read, logs, build, env, artifacts, approve, lock; not: agents, pipelines, admin (every command: `/bk help more`)",
        ]
    )


async def test_help_shows_what_this_person_may(world: World) -> None:
    """Bob sees no agent commands that aren't his; a noun, a command and nothing at all are answered."""
    await start_build(world)
    lines = (await ask_privately(world, world.bob, "help more")).split("\n")
    assert [
        *lines[:2],
        *(line for line in lines if line.startswith(("`/bk agent`", "`/bk job`", "`/bk who"))),
        *lines[-3:],
    ] == snapshot(
        [
            "*All commands*",
            "`/bk build` annotate · annotations · artifacts · cancel · copy · create · list · rebuild · retry · view · watch",
            "`/bk agent` list · unwatch · view · watch · watches",
            "`/bk job` cancel · env · list · log · reprioritize · retry · unblock",
            "`/bk whoami` Show your identity and permissions.",
            "[Build] [Admin] [Agent] [Api-token] [Artifacts]",
            "[Cluster] [Job] [Mute] [Pipeline] [Proposal]",
            "[Queue] [Subscribe]",
        ]
    )
    assert await ask_privately(world, world.bob, "help agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname host] [--version 3.87] [-s running|idle|paused|stopping] …`
List connected agents and the jobs they run.
`/bk agent unwatch [-q queue]`
Stop agent notifications in this channel.
`/bk agent view <agent>`
Show an agent's state, current job and tags.
`/bk agent watch [-q queue] [-s state]`
Notify this channel when agents are lost, stopped or blocked.
`/bk agent watches`
List the agents this channel is watching.
More: `/bk help agent <verb>`\
""")
    assert await ask_privately(world, world.bob, "help job unblock") == snapshot("""\
*Job unblock*
`/bk job unblock [pipeline] [number] [job] [KEY=value]…`
Unblock a build.
• `pipeline` Pipeline
• `number` Build number
• `job` Job name, id or URL
• `KEY=value` Values for the step's fields, may be repeated
*Examples*
`/bk job unblock`
`/bk job unblock web 101 release release-name=1.42 ring=canary`
Also: unblock or build unblock\
""")
    assert await ask_privately(world, world.bob, "build cancel --help") == snapshot("""\
*Build cancel*
`/bk build cancel [pipeline] [number]`
Cancel a build and stop its jobs.
• `pipeline` Pipeline
• `number` Build number
*Examples*
`/bk build cancel web 101`
`/bk build cancel`
`/bk build cancel web#101 --yes`
Also: cancel, stop, abort, build stop, build abort or build kill\
""")
    assert await ask_privately(world, world.alice, "agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname host] [--version 3.87] [-s running|idle|paused|stopping] …`
List connected agents and the jobs they run.
`/bk agent pause <agent> [--note reason] [--timeout-in-minutes N]`
Pause an agent so that it takes no new jobs for a while.
`/bk agent resume <agent>`
Resume a paused agent.
`/bk agent stop <agent> [-f]`
Stop an agent after its current job, or immediately with --force.
`/bk agent unwatch [-q queue]`
Stop agent notifications in this channel.
`/bk agent view <agent>`
Show an agent's state, current job and tags.
`/bk agent watch [-q queue] [-s state]`
Notify this channel when agents are lost, stopped or blocked.
`/bk agent watches`
List the agents this channel is watching.
More: `/bk help agent <verb>`\
""")


async def test_an_empty_command_is_answered_with_help(world: World) -> None:
    """`/bk` alone and a bare mention are answered with help."""
    await world.bob.types(world.deploys, "/bk")
    await world.settle(1)
    await world.bob.posts(world.deploys, "@kitestring")
    await world.settle(1)
    await world.bob.posts(world.bob.dm, "help build create")
    await world.settle(1)
    answers = [*world.whispers(world.bob), world.slack.messages(world.bob.dm)[-1].plain()]
    assert [text.split("\n")[0] for text in answers] == snapshot(
        ["*What would you like to do?*", "*What would you like to do?*", "*Build create*"]
    )


async def test_help_is_six_tasks_with_buttons(world: World) -> None:
    """Help offers what people come for, for each person what they may do; the rest is behind “More”."""
    shown = await ask_privately(world, world.bob, "help")
    assert shown == snapshot("""\
*What would you like to do?*
*Start a build* `/bk build create web -b main`
Choose a pipeline and a branch. The build's card updates here.
*Watch a build* `/bk build watch web 101`
Follow a build here with a live card.
*Fix a failure* `/bk build list -s failed`
See what failed. In a build's thread I show its logs, and retry or rebuild it.
*Deploy* `/bk build list -s blocked`
See which builds wait to be released, and unblock them.
*Get notified* `/bk subscribe web`
Post builds to this channel when they fail, are fixed or block.
*More* `/bk help more`
All commands, by subject.
In a build's thread, mention me with what you want: `@kitestring logs`.
[Start a build] [Watch a build] [Fix a failure] [Deploy] [Get notified]
[More]\
""")
    help_message = world.slack.ephemerals(world.bob)[-1]
    await world.bob.clicks(help_message, "Start a build")
    await world.settle(1)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert form.title == "Start a build"
    await world.bob.clicks(help_message, "More")
    await world.settle(1)
    assert world.whispers(world.bob)[-1].startswith("*All commands*\n`/bk build` ")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Agent")
    await world.settle(1)
    assert world.whispers(world.bob)[-1].startswith("*Agent*")


async def test_help_in_a_thread_is_about_its_build(world: World) -> None:
    """In a build's thread help offers five things that fit its state; their buttons act on that build."""
    _, card = await block_build(world)
    running = await start_build(world)
    world.buildkite.start_job(running.find_job("lint").id, "ci-linux-1")
    running_card = world.card()
    _, failed_card = await fail_build(world, "web -b other")
    answers = [
        await ask_privately(world, world.bob, words, card=place)
        for words, place in (("", card), ("help", running_card), ("", failed_card))
    ]
    assert answers == snapshot(
        [
            """\
*✋ deploy-prod#1 blocked*
`unblock` Unblock a build.
`view` Show a build with its failed and blocked jobs.
`job list` List the jobs of a build.
`build artifacts` List a build's artifacts. Same as `artifacts list`.
`annotations` Show a build's annotations.
Press a button, or mention me in this thread with one of these words.
[Unblock] [View] [Jobs] [Artifacts] [Annotations]
[More]\
""",
            """\
*🔵 web#1 running*
`cancel` Cancel a build and stop its jobs.
`view` Show a build with its failed and blocked jobs.
`job list` List the jobs of a build.
`mute build` Mute a build in this channel: no more replies, but its card keeps updating.
`build artifacts` List a build's artifacts. Same as `artifacts list`.
Press a button, or mention me in this thread with one of these words.
[Cancel] [View] [Jobs] [Mute] [Artifacts]
[More]\
""",
            """\
*❌ web#2 failed*
`log` Show the end of a job's log.
`retry` Retry the failed jobs of a build.
`rebuild` Rebuild a build: start a new one with the same commit and settings.
`view` Show a build with its failed and blocked jobs.
`job list` List the jobs of a build.
Press a button, or mention me in this thread with one of these words.
[Logs] [Retry failed] [Rebuild] [View] [Jobs]
[More]\
""",
        ]
    )
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Retry failed")
    await world.settle(3)
    assert world.replies(failed_card)[-2:] == snapshot(["<@U0BOT0001> ", "bob retried 1 failed job of web#2"])
