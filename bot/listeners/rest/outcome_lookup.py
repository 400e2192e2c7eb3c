"""Finds out what became of a program's invocation, through its approval if it needed one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.approvals.model import Proposal, ProposalState
from bot.access.approvals.proposals import Proposals
from bot.execution.outcomes import make_problem
from bot.operations.invocation import Invocation, Outcome
from bot.operations.queries import find_invocation, find_invocation_by_key
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.store.transactions import Store
from bot.store.vault import Vault

KEY_PREFIX = "rest:"
_ENDED = {
    ProposalState.REFUSED: "Someone who may approve it refused it.",
    ProposalState.WITHDRAWN: "It was withdrawn.",
    ProposalState.EXPIRED: "Nobody approved it in time.",
    ProposalState.FAILED: "It was approved, and then failed.",
}


@dataclass(frozen=True)
class CallState:
    """The state of an invocation: `state` is accepted, running, proposed, unknown, done, refused or failed.

    `approval` says what a proposed one waits for.
    """

    invocation: Invocation
    state: str
    outcome: Outcome | None = None
    approval: JsonObject | None = None


class OutcomeLookup:
    """Reads invocations of one token; those of others don't exist for it."""

    def __init__(self, store: Store, vault: Vault, clock: Clock, proposals: Proposals) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._proposals = proposals

    async def find(self, invocation_id: str, token: str) -> CallState | None:
        """Return how an invocation of a token stands; None for any other. Raise Unavailable."""
        async with self._store.read() as tx:
            found = await find_invocation(tx, self._vault, invocation_id)
            run = await find_invocation_by_key(tx, self._vault, f"proposal:{invocation_id}")
        if found is None or not found.key.startswith(make_key(token, "")):
            return None
        if found.state != "proposed" or found.answer is not None:
            return _read_state(found, found)
        return _read_state(found, run) if run else await self._read_proposal(found)

    async def _read_proposal(self, invocation: Invocation) -> CallState:
        proposal = await self._proposals.find(invocation.id)
        if proposal is None:
            return CallState(
                invocation, "failed", Outcome(problem=make_problem("failed", "Its approval is gone."))
            )
        if proposal.state is ProposalState.OPEN and self._clock.now() < proposal.expires_at:
            return CallState(invocation, "proposed", approval=_describe_approval(proposal))
        if proposal.state in {ProposalState.APPROVED, ProposalState.DONE}:
            return CallState(invocation, "running")
        sentence = _ENDED.get(proposal.state, _ENDED[ProposalState.EXPIRED])
        named = {"rule": proposal.requirement.rule, "end": proposal.state.value}
        problem = {**make_problem("not-approved", sentence), **named}
        return CallState(invocation, "refused", Outcome(problem=problem))


def make_key(token: str, key: str) -> str:
    """Return the key of an invocation from the token's id and the Idempotency-Key."""
    return f"{KEY_PREFIX}{token}:{key}"


def _read_state(asked: Invocation, ran: Invocation) -> CallState:
    outcome = ran.answer.outcome if ran.answer else None
    if ran.is_open or outcome is not None:
        # A question is no end for a person, but a program has to call again.
        state = "failed" if ran.state == "proposed" else ran.state
        return CallState(asked, state, outcome)
    return CallState(asked, ran.state, Outcome({}))


def _describe_approval(proposal: Proposal) -> JsonObject:
    return {
        "rule": proposal.requirement.rule,
        "needed": proposal.requirement.count,
        "given": sum(vote.approves for vote in proposal.votes),
        "expires_at": proposal.expires_at.isoformat(),
    }
