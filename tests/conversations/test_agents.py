"""Agents: viewed by everyone, changed by admins."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World, format_message


async def test_agents_are_listed_and_shown(world: World) -> None:
    """The list shows connected agents with their queue and job; one of them is shown in full."""
    build = await start_build(world)
    world.buildkite.advance(build)
    assert [
        await ask_privately(world, world.bob, words) for words in ("agent list", "agents ls --queue deploy")
    ] == snapshot(
        [
            """\
4 agents
Name · State · Queue · Host · Job
ci-linux-1 · running · default · ip-10-0-2-2.ec2.internal · :eslint: Lint
ci-linux-2 · idle · default · ip-10-0-2-3.ec2.internal · –
ci-linux-3 · idle · default · ip-10-0-2-4.ec2.internal · –
deploy-1 · idle · deploy · ip-10-0-2-5.ec2.internal · –\
""",
            """\
1 agent
Name · State · Queue · Host
deploy-1 · idle · deploy · ip-10-0-2-5.ec2.internal\
""",
        ]
    )
    assert await ask_privately(world, world.alice, "agent view ci-linux-1") == snapshot("""\
ci-linux-1 is running.
*Queue*
default
*Host*
ip-10-0-2-2.ec2.internal 203.0.113.2
*Version*
3.136.2
*Job*
:eslint: Lint
*Connected*
2026-11-02 09:00 UTC
*Tags*
queue=default
*Id*
`7d41e602-eece-428b-bf7b-118e820865d6`
[Pause] [Stop]\
""")


async def test_an_agent_is_paused_by_text_and_resumed_by_its_button(world: World) -> None:
    """The change is announced in the channel once, with the person's name; the button reverts it."""
    agent = world.buildkite.find_agent("ci-linux-1")
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --note “disk full” —timeout-in-minutes 30")
    await world.settle(2)
    assert (agent.paused, agent.paused_note, agent.paused_timeout) == (True, "disk full", 30)
    await world.alice.clicks(world.slack.messages(world.deploys)[-1], "Resume")
    await world.settle(2)
    assert not agent.paused
    assert world.transcript() == snapshot("""\
#deploys
kitestring: alice paused agent ci-linux-1 for 30 minutes: disk full
    2 other agents in queue `default` keep taking jobs.
    Resumed by alice at 2026-11-02 09:00 UTC.
kitestring: alice resumed agent ci-linux-1\
""")


async def test_an_agent_is_paused_by_form(world: World) -> None:
    """Without arguments the form asks, with the existing agents and an explained limit."""
    await world.alice.types(world.deploys, "/bk agent pause")
    await world.settle(1)
    modal = world.slack.modal_of(world.alice)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Pause agent
Agent name or id: [Type to search]
Reason: []
Resume automatically after this many minutes: [5]
[Pause]\
""")
    offered = await world.alice.searches("Agent name or id", "deploy")
    assert [option.split(" (")[0] for option in offered] == ["deploy-1"]
    agent = world.buildkite.find_agent("deploy-1")
    await world.alice.submits({"Agent name or id": agent.id, "Reason": "kernel"})
    await world.settle(2)
    assert (agent.paused_note, agent.paused_timeout) == ("kernel", 5)
    assert world.transcript() == snapshot("""\
#deploys
kitestring: alice paused agent deploy-1 for 5 minutes: kernel
    No other agent in queue `deploy` is taking jobs, so new jobs will wait.
    [Resume]\
""")


async def test_an_agent_is_paused_by_button(world: World) -> None:
    """The Pause button of `agent view` opens the form with the agent filled in."""
    await ask_privately(world, world.alice, "agent view deploy-1")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Pause")
    await world.settle(1)
    await world.alice.submits({"Reason": "kernel"})
    await world.settle(2)
    assert world.buildkite.find_agent("deploy-1").paused_note == "kernel"


async def test_a_typed_stop_asks_first(world: World) -> None:
    """A typed stop asks first; declining does nothing, confirming stops it once."""
    agent = world.buildkite.find_agent("deploy-1")
    asked = await ask_privately(world, world.alice, "agent stop deploy-1")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Never mind")
    await world.settle(2)
    assert [asked, world.whispers(world.alice)[-1]] == snapshot(
        [
            """\
Stop agent *deploy-1*? It disconnects immediately. Someone has to start it again.
[Stop agent] [Never mind]\
""",
            "OK, nothing changed.",
        ]
    )
    assert agent.connection_state == "connected"
    await ask_privately(world, world.alice, "agent stop deploy-1")
    await world.alice.clicks_twice(world.slack.ephemerals(world.alice)[-1], "Stop agent")
    await world.settle(2)
    assert agent.connection_state == "stopped"
    stops = [request for request in world.buildkite.requests if request.path.endswith("/stop")]
    assert [stop.json for stop in stops] == snapshot([{"force": False}])
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        ["alice stopped agent deploy-1"]
    )


async def test_a_forced_stop_says_what_it_destroys(world: World) -> None:
    """The confirmation names the job and warns about the whole build."""
    build = await start_build(world)
    world.buildkite.advance(build)
    agent = build.find_job("lint").agent
    assert agent is not None
    assert await ask_privately(world, world.alice, f"agent stop {agent.name}") == snapshot("""\
Stop agent *ci-linux-1*? It finishes its job and takes no more. Someone has to start it again.
[Stop agent] [Never mind]\
""")
    assert await ask_privately(world, world.alice, f"agent stop {agent.name} --force") == snapshot("""\
*Force* agent *ci-linux-1* to stop? This immediately cancels *:eslint: Lint* *and the whole build it belongs to*.
[Stop agent] [Never mind]\
""")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Stop agent")
    await world.settle(4)
    assert agent.connection_state == "stopped"
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        [
            """\
🚫 *web#1* was canceled on `main`
requested by alice f323ca7 took 2s 4 canceled
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""",
            "alice forced agent ci-linux-1 to stop",
        ]
    )
    assert world.replies(world.slack.messages(world.deploys)[0])[-1] == snapshot("🚫 web#1 was canceled after 2s.")


async def test_agents_with_the_same_name_are_chosen_by_button(world: World) -> None:
    """An ambiguous name is answered with choices; one press acts on that agent."""
    for number in (1, 2):
        world.buildkite.agent("twin", queue="deploy", hostname=f"host-{number}")
    answer = await ask_privately(world, world.alice, "agent pause twin --note why")
    labels = [line.split(" (")[0] for line in answer.split("\n")]
    assert labels == snapshot(["⚠️ Several agents match “twin”.", "[twin"])
    buttons = world.slack.ephemerals(world.alice)[-1].blocks or []
    second = next(button for button in buttons[-1]["elements"] if "host-2" in button["text"]["text"])
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], second["text"]["text"])
    await world.settle(2)
    assert [agent.hostname for agent in world.buildkite.agents.values() if agent.paused] == ["host-2"]


async def test_a_refusal_of_buildkite_is_quoted(world: World) -> None:
    """Pausing twice, resuming a running agent and stopping a lost one give Buildkite's reason."""
    world.buildkite.agent_pause(world.buildkite.find_agent("deploy-1"))
    words = ("agent pause deploy-1", "agent resume ci-linux-1", "agent pause no-such", "agent view ci-linux-9")
    assert [await ask_privately(world, world.alice, text) for text in words] == snapshot(
        [
            """\
deploy-1 is already paused, by Sam Kim until 2026-11-02 09:05 UTC.
[Resume]\
""",
            "ci-linux-1 isn't paused.",
            "⚠️ There's no connected agent “no-such”.",
            """\
⚠️ There's no connected agent “ci-linux-9”.
Did you mean ci-linux-1, ci-linux-2 or ci-linux-3?\
""",
        ]
    )
