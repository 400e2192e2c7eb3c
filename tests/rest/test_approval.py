"""A protected call waits for people in Slack, and the program asks what they decided."""

from __future__ import annotations

from simulators.slack.models import Message
from tests.rest.caller import Caller

ARGS = {"pipeline": "deploy-prod", "branch": "main"}


async def _propose(program: Caller) -> tuple[str, Message]:
    """Ask for a build of the protected pipeline; return the invocation, and the card that approvers see."""
    answer = await program.post("build/create", ARGS, key="release")
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "proposed"
    assert answer.json()["approval"] | {"expires_at": ""} == {
        "rule": "production",
        "needed": 1,
        "given": 0,
        "expires_at": "",
    }
    await program.world.settle(4)
    return answer.json()["invocation"], program.world.card()


async def test_approved_in_slack(program: Caller) -> None:
    """After Alice's approval the build starts once, and both the poll and the same key have its result."""
    invocation, card = await _propose(program)
    assert "bob's agent (release-bot) wants to start" in card.plain()
    await program.world.alice.clicks(card, "Approve")
    await program.world.settle(6)
    polled = await program.get(f"invocations/{invocation}")
    assert polled.json()["state"] == "done", polled.text
    assert polled.json()["result"]
    again = await program.post("build/create", ARGS, key="release")
    assert (again.status_code, again.json()) == (200, polled.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(program.world.buildkite.builds) == 1


async def test_refused_in_slack(program: Caller) -> None:
    """A refusal is a problem, and the key is free for another try."""
    invocation, card = await _propose(program)
    await program.world.alice.clicks(card, "Refuse")
    await program.world.settle(6)
    polled = await program.get(f"invocations/{invocation}")
    assert polled.json()["state"] == "refused"
    assert polled.json()["problem"]["type"] == "/api#not-approved"
    assert polled.json()["problem"]["rule"] == "production"
    assert program.world.buildkite.builds == []
    again = await program.post("build/create", ARGS, key="release")
    assert again.status_code == 202
    assert again.json()["invocation"] != invocation


async def test_nobody_decides(program: Caller) -> None:
    """When its time is up, the poll says so."""
    invocation, _card = await _propose(program)
    await program.world.settle(3600 * 24, step=600)
    polled = await program.get(f"invocations/{invocation}")
    assert polled.json()["state"] == "refused", polled.text
