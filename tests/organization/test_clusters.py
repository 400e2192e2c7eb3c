"""Clusters and queues, as people read them."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.acts import asks
from tests.conversations.world import World, shown


def queue(world: World, key: str):
    return next(item for item in world.buildkite.cluster.queues if item.key == key)


async def told(world: World, person: Person, words: str) -> Message:
    """The private message that a slash command is answered with."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(1)
    return world.slack.ephemerals(person)[-1]


async def test_clusters_are_listed_and_one_is_shown(world: World) -> None:
    """The clusters there are; of one the queues, the default among them, and who made it."""
    assert await asks(world, world.bob, "cluster list") == snapshot("""\
1 cluster
Cluster · Description
Open Source · Where our builds run\
""")
    assert await asks(world, world.bob, "cluster view 'open source'") == snapshot("""\
Cluster Open Source: Where our builds run
*Created*
2026-11-02 09:00 UTC
*Created by*
Sam Kim
*Id*
`eb1167b3-67a9-4378-bc65-c1e582e2e662`
2 queues
Queue · State · Description
default (default) · open · Linux, 4 cores
deploy · open · May reach production\
""")


async def test_a_cluster_that_is_not_there(world: World) -> None:
    """A wrong name is quoted, with what is near."""
    assert await asks(world, world.bob, "cluster view opensource") == snapshot("""\
⚠️ There's no cluster “opensource”.
Did you mean Open Source?\
""")


async def test_a_token_that_may_not_see_clusters(world: World) -> None:
    """Buildkite's own 403 names the scope, and so does the answer."""
    world.buildkite.scopes -= {"read_clusters"}
    assert await asks(world, world.bob, "cluster list") == snapshot("""\
⚠️ Buildkite refused: Your access token doesn't have the read_clusters scope
Ask the bot's operator to add the read_clusters scope to the API token.\
""")


async def test_admins_are_led_on_to_the_agent_tokens(world: World) -> None:
    """Below a cluster stands the way to its agent tokens, for those who may look at them."""
    seen = await told(world, world.alice, "cluster view 'Open Source'")
    await world.alice.clicks(seen, label="Agent tokens")
    await world.settle(1)
    assert world.whispers(world.alice)[-1] == snapshot("""\
1 agent token of Open Source
Description · From · Made · Works until
Linux agents · 0.0.0.0/0 · 2026-11-02 09:00 UTC · no end
Values are never shown: Buildkite itself shows one once, when it is made.\
""")
    assert "Agent tokens" not in shown(await told(world, world.bob, "cluster view 'Open Source'"))


async def test_queues_are_listed(world: World) -> None:
    """Those of every cluster, with their agents, and what was said where one is paused."""
    queue(world, "deploy").paused, queue(world, "deploy").paused_note = True, "release freeze"
    assert await asks(world, world.bob, "queue list") == snapshot("""\
2 queues
Queue · Cluster · State · Agents · Note
default · Open Source · open · 3 · –
deploy · Open Source · paused · 1 · release freeze\
""")


async def test_a_queue_is_shown_with_what_it_does(world: World) -> None:
    """Its cluster, its agents one by one, and the jobs that the Agent API counts."""
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id, "ci-linux-1")
    assert await asks(world, world.bob, "queue view default") == snapshot("""\
Queue default is open.
*Cluster*
Open Source
*Description*
Linux, 4 cores
*Agents*
3: 2 idle, 1 running
*Jobs*
1 running, 2 scheduled, 1 waiting
*Default*
yes
*Id*
`f7c1bd87-4da5-4709-9471-3d60c8a70639`
3 agents
Agent · State · Host · Job
ci-linux-1 · running · ip-10-0-2-2.ec2.internal · :eslint: Lint
ci-linux-2 · idle · ip-10-0-2-3.ec2.internal · –
ci-linux-3 · idle · ip-10-0-2-4.ec2.internal · –\
""")


async def test_a_paused_queue_says_why_and_is_resumed(world: World) -> None:
    """Who paused it, when and why; the button there resumes it for everybody to read."""
    await world.alice.types(world.deploys, '/bk queue pause deploy --note "release freeze" --yes')
    await world.settle(1)
    seen = await told(world, world.alice, "queue view deploy")
    assert shown(seen) == snapshot("""\
Queue deploy is paused: it hands out no jobs.
*Cluster*
Open Source
*Description*
May reach production
*Paused*
by Sam Kim, since 2026-11-02 09:00 UTC, release freeze
*Agents*
1: 1 idle
*Jobs*
none unfinished
*Id*
`e443df78-9558-467f-9ba9-1faf7a024204`
1 agent
Agent · State · Host
deploy-1 · idle · ip-10-0-2-5.ec2.internal
[Resume]\
""")
    await world.alice.clicks(seen, label="Resume")
    await world.settle(1)
    assert not queue(world, "deploy").paused
    assert shown(world.slack.messages(world.deploys)[-1]) == snapshot("<@U0ALICE01> resumed queue deploy")


async def test_a_queue_is_paused_from_its_view(world: World) -> None:
    """The button opens the form, the queue filled in."""
    seen = await told(world, world.alice, "queue view deploy")
    await world.alice.clicks(seen, label="Pause")
    await world.settle(1)
    assert world.slack.modals_of(world.alice.id)[-1].plain() == snapshot("""\
# Pause queue
Queue: [e443df78-9558-467f-9ba9-1faf7a024204]
Why: []
[Pause]\
""")


async def test_a_queue_without_agents_says_that_its_jobs_wait(world: World) -> None:
    """No agent, no table: a sentence."""
    world.buildkite.lose_agent("deploy-1")
    assert (await asks(world, world.bob, "queue view deploy")).split("\n")[-1] == snapshot(
        "No agent is connected to this queue: its jobs wait."
    )


async def test_the_agent_api_is_down(world: World) -> None:
    """A queue is shown all the same; of its jobs it is said why nobody knows."""
    world.buildkite.faults.fail(500, path="/v3/metrics")
    said = (await asks(world, world.bob, "queue view deploy")).split("\n")
    assert said[said.index("*Jobs*") + 1] == snapshot(
        "not known: Buildkite is having trouble (it answered 500 Internal Server Error)."
    )
