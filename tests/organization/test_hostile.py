"""Hostile names of clusters, queues, agents, teams and tokens neither mention anyone nor create links."""

from __future__ import annotations

import pytest

from simulators.slack.mentions import reach
from tests.conversations.world import World
from tests.injection.corpus import CALLS, LINKS, MARKUP

WORDS = (
    *(
        "cluster list",
        "queue list",
        "queue view odd",
        "agent list",
        "agent view odd-1",
        "admin token",
        "admin agent-tokens",
    ),
    *(
        "admin teams",
        "admin templates",
        "admin rules",
        "admin emoji list",
        "admin organizations",
        "admin organization view",
        "admin user",
        "admin meta",
        "metrics",
    ),
    *("admin stacks", "admin stacks k8s"),
)


def spoil(world: World, text: str) -> None:
    """Give everything in Buildkite that has a name the given one."""
    sim = world.buildkite
    cluster, queue = sim.cluster, sim.cluster.queues[0]
    cluster.name = cluster.description = queue.description = queue.paused_note = text
    queue.key, queue.paused, queue.paused_by = "odd", True, sim.user
    agent = sim.agent("odd-1", queue="odd", hostname=text, tags=(text, f"k={text}"))
    agent.version = agent.paused_note = text
    sim.user.name = sim.own.description = text
    sim.own.scopes.add(text)
    cluster.tokens[0] |= {"description": text, "allowed_ip_addresses": text}
    sim.documents_of("team")[0] |= {"name": text, "slug": text, "description": text, "privacy": text}
    sim.documents_of("template")[0] |= {"name": text, "description": text}
    sim.documents_of("rule")[0] |= {"type": text, "source_uuid": text, "target_uuid": text}
    sim.documents_of("emoji")[0] |= {"name": text, "aliases": [text]}
    sim.webhook_ips = [text]
    sim.agent("odd-2", queue=text)
    sim.stacks["k8s"] = dict.fromkeys(("type", "cluster_queue_key", "state"), text) | {"key": "k8s"}


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize("text", [CALLS[0], LINKS[0], MARKUP[0]])
async def test_hostile_names_mention_no_one(world: World, text: str) -> None:
    """Lists and views contain no mention, and only Buildkite's own links."""
    spoil(world, text)
    for words in WORDS:
        await world.alice.types(world.deploys, f"/bk {words}")
        await world.settle(1)
        reply = world.slack.ephemerals(world.alice)[-1]
        drawn = reach(reply.text, reply.blocks)
        assert drawn.calls <= {world.alice.id}, (words, reply.plain())
        assert drawn.channels == frozenset(), (words, reply.plain())
        assert [link for link in drawn.links if not link.startswith(world.buildkite.base_url)] == [], words
    replies = [ephemeral.plain() for ephemeral in world.slack.ephemerals(world.alice)]
    assert (len(replies), sum(text in item for item in replies)) == (len(WORDS), 15)
    assert world.slack.problems == []
