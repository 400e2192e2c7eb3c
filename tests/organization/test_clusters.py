"""Commands for clusters and queues."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message


def queue(world: World, key: str):
    return next(item for item in world.buildkite.cluster.queues if item.key == key)


async def read_private_reply(world: World, person: Person, words: str) -> Message:
    """Type a slash command; return its private reply."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(1)
    return world.slack.ephemerals(person)[-1]


async def test_clusters_are_listed_and_one_is_shown(world: World) -> None:
    """Clusters are listed; one is shown with its queues, its default queue and its creator."""
    assert await ask_privately(world, world.bob, "cluster list") == snapshot("""\
1 cluster
Cluster · Description
Open Source · Where our builds run\
""")
    assert await ask_privately(world, world.bob, "cluster view 'open source'") == snapshot("""\
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


async def test_an_unknown_cluster_is_quoted(world: World) -> None:
    """An unknown name is quoted, with similar ones."""
    assert await ask_privately(world, world.bob, "cluster view opensource") == snapshot("""\
⚠️ There's no cluster “opensource”.
Did you mean Open Source?\
""")


async def test_a_token_without_access_to_clusters(world: World) -> None:
    """The error contains Buildkite's 403, which names the scope."""
    world.buildkite.scopes -= {"read_clusters"}
    assert await ask_privately(world, world.bob, "cluster list") == snapshot("""\
⚠️ Buildkite refused: Your access token doesn't have the read_clusters scope
Ask the bot's operator to add the read_clusters scope to the API token.\
""")


async def test_admins_get_a_button_for_agent_tokens(world: World) -> None:
    """A cluster's view has a button for its agent tokens if the person may list them."""
    seen = await read_private_reply(world, world.alice, "cluster view 'Open Source'")
    await world.alice.clicks(seen, label="Agent tokens")
    await world.settle(1)
    assert world.whispers(world.alice)[-1] == snapshot("""\
1 agent token of Open Source
Description · Allowed addresses · Created · Expires
Linux agents · 0.0.0.0/0 · 2026-11-02 09:00 UTC · never
Values are never shown. Buildkite shows a value only once, when the token is created.\
""")
    assert "Agent tokens" not in format_message(
        await read_private_reply(world, world.bob, "cluster view 'Open Source'")
    )


async def test_queues_are_listed(world: World) -> None:
    """The queues of every cluster are listed with their agents and the notes of pauses."""
    queue(world, "deploy").paused, queue(world, "deploy").paused_note = True, "release freeze"
    assert await ask_privately(world, world.bob, "queue list") == snapshot("""\
2 queues
Queue · Cluster · State · Agents · Note
default · Open Source · open · 3 · –
deploy · Open Source · paused · 1 · release freeze\
""")


async def test_a_queue_is_shown_with_its_agents_and_jobs(world: World) -> None:
    """The view shows the queue's cluster, each agent, and the Agent API's job counts."""
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id, "ci-linux-1")
    assert await ask_privately(world, world.bob, "queue view default") == snapshot("""\
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
    """The view says who paused the queue, when and why; its button resumes it publicly."""
    await world.alice.types(world.deploys, '/bk queue pause deploy --note "release freeze" --yes')
    await world.settle(1)
    seen = await read_private_reply(world, world.alice, "queue view deploy")
    assert format_message(seen) == snapshot("""\
Queue deploy is paused and dispatches no jobs.
*Cluster*
Open Source
*Description*
May reach production
*Paused*
by alice, since 2026-11-02 09:00 UTC, release freeze
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
    assert format_message(world.slack.messages(world.deploys)[-1]) == snapshot("alice resumed queue deploy")


async def test_a_queue_is_paused_from_its_view(world: World) -> None:
    """The button opens the form with the queue filled in."""
    seen = await read_private_reply(world, world.alice, "queue view deploy")
    await world.alice.clicks(seen, label="Pause")
    await world.settle(1)
    assert world.slack.modals_of(world.alice.id)[-1].plain() == snapshot("""\
# Pause
Queue: [e443df78-9558-467f-9ba9-1faf7a024204]
Reason: []
[Pause]\
""")


async def test_a_queue_without_agents_says_that_its_jobs_wait(world: World) -> None:
    """Without agents there's a sentence in place of the table."""
    world.buildkite.lose_agent("deploy-1")
    assert (await ask_privately(world, world.bob, "queue view deploy")).split("\n")[-1] == snapshot(
        "No agent is connected to this queue, so its jobs are waiting."
    )


async def test_the_agent_api_is_down(world: World) -> None:
    """The queue is shown, with the reason why its jobs are unknown."""
    world.buildkite.faults.fail(500, path="/v3/metrics")
    reply = (await ask_privately(world, world.bob, "queue view deploy")).split("\n")
    assert reply[reply.index("*Jobs*") + 1] == snapshot(
        "unknown: Buildkite is having trouble (it answered 500 Internal Server Error)."
    )
