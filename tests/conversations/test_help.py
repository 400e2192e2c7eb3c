"""Identity, permissions and help."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, start_build
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


async def test_whoami_lists_permissions(world: World) -> None:
    """An admin may do all that a member may, and pause agents."""
    admin, member = [
        (await ask_privately(world, item, "whoami")).split("\n")[-1].split(", ")
        for item in (world.alice, world.bob)
    ]
    assert set(member) < set(admin)
    assert {"agent pause", "agent resume", "agent stop"} <= set(admin) - set(member)


async def test_help_shows_what_this_person_may(world: World) -> None:
    """Bob sees no agent commands that aren't his; a noun, a command and nothing at all are answered."""
    await start_build(world)
    lines = (await ask_privately(world, world.bob, "help")).split("\n")
    assert [
        lines[0],
        *(line for line in lines if line.startswith(("`/bk agent`", "`/bk job`"))),
        lines[-1],
    ] == snapshot(
        [
            "*What you can run here*",
            "`/bk agent` list · unwatch · view · watch · watches",
            "`/bk job` cancel · env · list · log · reprioritize · retry · unblock",
            "More: `/bk help <noun> <verb>`. You can also mention me with the same command, in threads too.",
        ]
    )
    assert await ask_privately(world, world.bob, "help agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname hostname] [--version version] [-s running|idle|paused|stopping] …`
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
`/bk job unblock [job] [KEY=value]… [-p pipeline] [-n N]`
Unblock a build.
• `job` Job name, id or URL
• `-p, --pipeline` Pipeline
• `-n, --number` Build number
• `KEY=value` Values for the step's fields, may be repeated
*Examples*
`/bk job unblock`
`/bk job unblock release -p web -n 101 release-name=1.42 ring=canary`\
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
`/bk build cancel web#101 --yes`\
""")
    assert await ask_privately(world, world.alice, "agent") == snapshot("""\
*Agent*
`/bk agent list [name] [--hostname hostname] [--version version] [-s running|idle|paused|stopping] …`
List connected agents and the jobs they run.
`/bk agent pause <agent> [-n note] [-t N]`
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
    headings = [text.split("\n")[0] for text in world.whispers(world.bob)]
    assert headings == snapshot(["*What you can run here*", "*What you can run here*", "*Build create*"])
