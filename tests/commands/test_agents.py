"""Agent commands (list, view, pause, resume, stop) and whoami."""

import pytest
from inline_snapshot import snapshot

from bot.errors import Ambiguous, NothingToDo, UsageError
from bot.operations.grammar import parse
from bot.operations.validation import validate
from bot.slack.blockkit.mrkdwn import strip_markup
from commands import registry


def find_agent(bench, name: str):
    return bench.sim.find_agent(name)


async def test_agents_are_listed(bench) -> None:
    """The list shows each agent's name, state, queue, host and job; filters narrow it."""
    build = bench.sim.create_build("web")
    bench.sim.start_job(build.find_job("lint").id, "ci-linux-1")
    reply = await bench.ask("agent list")
    assert [(strip_markup(row[0]), row[1], row[2], strip_markup(row[4])) for row in reply.table.rows] == snapshot(
        [
            ("ci-linux-1", "running", "default", ":eslint: Lint"),
            ("ci-linux-2", "idle", "default", ""),
            ("ci-linux-3", "idle", "default", ""),
            ("deploy-1", "idle", "deploy", ""),
        ]
    )
    assert reply.table.caption == "4 agents"
    idle = await bench.ask("agent list --state idle --queue default")
    assert [strip_markup(row[0]) for row in idle.table.rows] == ["ci-linux-2", "ci-linux-3"]
    assert (await bench.ask("agent list deploy -t queue=deploy")).table.caption == "1 agent"


async def test_an_agent_is_shown(bench) -> None:
    """The view shows an agent's state, facts and buttons."""
    await bench.ask('agent pause ci-linux-1 --note "disk full"')
    reply = await bench.ask("agent view ci-linux-1")
    assert reply.text.endswith("is paused.")
    assert (
        dict(reply.fields)["Paused"]
        == "by Sam Kim until <!date^1787313900^{time}|2026-08-21 12:05 UTC>, disk full"
    )
    assert [button.label for button in reply.buttons] == ["Resume", "Stop"]


async def test_an_agent_is_paused_and_resumed(bench) -> None:
    """Both replies are public, and after a crash each probe sees that it was done."""
    paused = await bench.ask("agent pause ci-linux-1 --timeout-in-minutes 30 --note disk")
    assert (strip_markup(paused.text), paused.private) == snapshot(
        (
            "paused agent ci-linux-1 for 30 minutes: disk",
            False,
        )
    )
    assert find_agent(bench, "ci-linux-1").paused_timeout == 30
    assert (await bench.probe("agent pause ci-linux-1 --note disk --timeout-in-minutes 30")).text == paused.text
    assert await bench.probe("agent resume ci-linux-1") is None
    resumed = await bench.ask("agent resume ci-linux-1")
    assert (strip_markup(resumed.text), resumed.private) == snapshot(
        (
            "resumed agent ci-linux-1",
            False,
        )
    )
    assert await bench.probe("agent resume ci-linux-1") is not None
    assert await bench.probe("agent pause ci-linux-1") is None


@pytest.mark.parametrize("minutes", ["0", "1441", "soon"])
async def test_a_pause_has_bounds(bench, minutes: str) -> None:
    """A pause lasts at least a minute and at most a day."""
    with pytest.raises(UsageError, match=f"`{minutes}` is"):
        await bench.ask(f"agent pause ci-linux-1 --timeout-in-minutes {minutes}")


async def test_a_second_pause_names_the_first(bench) -> None:
    """Pausing a paused agent is answered with who paused it, and until when."""
    await bench.ask("agent pause ci-linux-1")
    with pytest.raises(NothingToDo, match=r"is already paused, by .* until "):
        await bench.ask("agent pause ci-linux-1")


async def test_a_stop_lets_the_job_finish(bench) -> None:
    """The question says what happens; the job continues, and then the agent stops."""
    build = bench.sim.create_build("web")
    bench.sim.start_job(build.find_job("lint").id, "ci-linux-1")
    assert await bench.question("agent stop ci-linux-1") == snapshot(
        "Stop agent *ci-linux-1*? It finishes its job and takes no more. Someone has to start it again."
    )
    assert await bench.probe("agent stop ci-linux-1") is None
    reply = await bench.ask("agent stop ci-linux-1")
    assert (strip_markup(reply.text), reply.private) == snapshot(
        (
            "stopped agent ci-linux-1",
            False,
        )
    )
    assert (find_agent(bench, "ci-linux-1").connection_state, build.state) == ("stopping", "running")
    assert await bench.probe(f"agent stop {find_agent(bench, 'ci-linux-1').id}") is not None


async def test_a_forced_stop_is_confirmed_explicitly(bench) -> None:
    """The question about a forced stop names the job and the build that it cancels."""
    build = bench.sim.create_build("web")
    bench.sim.start_job(build.find_job("lint").id, "ci-linux-1")
    assert await bench.question("agent stop ci-linux-1 --force") == snapshot(
        "*Force* agent *ci-linux-1* to stop? "
        "This immediately cancels *:eslint: Lint* *and the whole build it belongs to*."
    )
    assert "forced agent" in (await bench.ask("agent stop ci-linux-1 --force")).text
    assert (find_agent(bench, "ci-linux-1").connection_state, build.state) == ("stopped", "canceled")


async def test_agents_with_the_same_name_are_offered(bench) -> None:
    """Several agents with the typed name are offered, with their ids."""
    bench.sim.agent("ci-linux-1")
    with pytest.raises(Ambiguous) as caught:
        await bench.ask("agent pause ci-linux-1")
    assert len(caught.value.options) == 2


async def test_whoami_shows_identity_and_permissions(bench) -> None:
    """whoami shows the person's identity, their permissions, and the user whose token is in use."""
    facts = dict((await bench.ask("whoami")).fields)
    assert (facts["You"], facts["In this workspace"], facts["I act in Buildkite as"]) == (
        "<@U1>",
        "member",
        "Sam Kim",
    )
    assert facts["You may"].startswith("read, logs")
    bench.sim.down = True
    assert (
        "unknown (Buildkite is having trouble" in dict((await bench.ask("whoami")).fields)["I act in Buildkite as"]
    )


def test_every_command_is_found() -> None:
    """The registry finds every declared operation, with a summary and examples that parse."""
    known = registry()
    names = {op.name for op in known}
    assert {"build create", "build retry", "job unblock", "agent stop", "whoami", "help"} <= names
    assert all(op.summary.endswith(".") for op in known)
    for op in known:
        for example in op.examples:
            assert parse(example, known).operation == op.name
            validate(op, parse(example, known).args)
