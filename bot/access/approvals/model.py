"""A proposal: a protected operation waiting for approvals, and the rules for counting votes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.access.policy.rules import ApprovalRequirement
from bot.errors import UsageError
from bot.runtime.json_types import JsonObject
from bot.runtime.wording import quote_word
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.types import Thread, Via

_WHOLE_SHA = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
_HEAD = "HEAD"


class ProposalState(StrEnum):
    """The state of a proposal. It leaves `open` only once and never returns to it."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    DONE = "done"
    FAILED = "failed"


UNSUCCESSFUL = frozenset(
    {ProposalState.REFUSED, ProposalState.WITHDRAWN, ProposalState.EXPIRED, ProposalState.FAILED}
)
"""End states in which the operation didn't succeed: its button then works again."""


@dataclass(frozen=True)
class Vote:
    """One person's latest vote; `name` is what they are called, for those who read of it."""

    user: str
    approves: bool
    name: str = field(default="", compare=False)
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class RequestWording:
    """A request in words, as approvers read it: all of it safe mrkdwn.

    `act` follows “Alice wants to”, and `given` follows that after a colon; `details` are lines of their own.
    """

    act: Mrkdwn
    given: Mrkdwn
    details: tuple[Mrkdwn, ...]

    @property
    def whole(self) -> Mrkdwn:
        """Return the act with what is given: `start deploy-prod on main: Ship v2`."""
        return md("{act}: {given}", act=self.act, given=self.given) if self.given else self.act


@dataclass(frozen=True)
class Proposal:
    """The operation that will run, with all its arguments, and the approvals that it needs.

    `digest` covers the operation and all arguments, so that an approval is never used for anything else.
    `direct`: the answer is sent by direct message. `wording` says what runs; `requester_name` who asked for it.
    `card_channel` is where its card is instead of where it was requested; `sent_to` are approvers who got a card
    by direct message. `asked_of` is the mrkdwn that mentions those who may approve. `decided_at` is when it ended.
    `build` is the build that it acts on, as `web#12`. `outcome` is the mrkdwn that its card shows once it has run.
    `token` is the id of the API token that requested it in the requester's name.
    """

    id: str
    operation: str
    args: JsonObject
    digest: str
    requester: str
    thread: Thread
    via: Via
    requirement: ApprovalRequirement
    expires_at: datetime
    wording: RequestWording
    state: ProposalState = ProposalState.OPEN
    requester_name: str = ""
    asked_of: str = ""
    build: str | None = None
    decided_at: datetime | None = None
    sent_to: tuple[str, ...] = ()
    card_channel: str | None = None
    votes: tuple[Vote, ...] = ()
    ended_by: str | None = None
    ts: str | None = None
    direct: bool = False
    outcome: str | None = None
    token: str = ""

    @property
    def asked_in(self) -> Thread:
        """Return the thread where it was requested: that of its card, if the request itself has none."""
        return self.thread if self.card_channel else self.thread._replace(ts=self.thread.ts or self.ts)

    @property
    def place(self) -> Thread:
        """Return where its card is."""
        return Thread(self.thread.team, self.card_channel) if self.card_channel else self.thread

    @property
    def judged_in(self) -> Thread:
        """Return the place whose grants decide who may approve: none, if no approver sees its card."""
        return Thread(self.thread.team, "") if self.is_private else self.place

    @property
    def is_private(self) -> bool:
        """Return whether only the requester sees its card, so that approvers vote in their direct messages."""
        return self.place.channel.startswith("D")


@dataclass(frozen=True)
class ProposalCard:
    """A card of a proposal: its own, or the `copy` in an approver's direct messages.

    The direct message with `user` is opened when it is first needed: `place` has no channel until then.
    """

    proposal: Proposal
    place: Thread
    copy: str | None = None
    user: str | None = None
    ts: str | None = None
    shown_digest: str | None = None
    intent_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0

    @property
    def id(self) -> str:
        """Return an id that no other card has."""
        return self.copy or self.proposal.id


@dataclass(frozen=True)
class ProposalEnd:
    """The next state of a proposal; `ended_by` withdrew it.

    Once it has run, `outcome` is mrkdwn for its card, `result` the build that it started (`web#12`). If it failed,
    `answer` is the answer to the requester, with the buttons that help.
    """

    state: ProposalState
    ended_by: str | None = None
    outcome: str | None = None
    result: str | None = None
    answer: Message | None = None


@dataclass(frozen=True)
class BuildApproval:
    """A proposal as the card of its build shows it; `started`: it led to that build, rather than acting on it."""

    operation: str
    requester: str
    state: ProposalState
    started: bool
    approvers: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Return whether it waits for votes, or was approved and is about to run."""
        return not self.started and self.state in (ProposalState.OPEN, ProposalState.APPROVED)

    @property
    def verb(self) -> str:
        """Return what is done to the build: `unblock`."""
        return self.operation.partition(" ")[2]


def tally_votes(votes: Iterable[Vote], count: int) -> ProposalState:
    """Return the state after these votes: one refusal ends it, `count` approvals from different people approve it.

    The order of the votes doesn't matter, so two people who vote at once get the same result either way.
    """
    distinct = frozenset(votes)
    if not all(vote.approves for vote in distinct):
        return ProposalState.REFUSED
    return ProposalState.APPROVED if len(distinct) >= count else ProposalState.OPEN


def is_approved(proposal: Proposal, digest: str, count: int, may_approve: Callable[[str], bool]) -> bool:
    """Return whether the proposal has the digest and `count` valid approvals, checked right before it runs.

    `may_approve` judges an approver (a user id) by the current rules: they may have changed since the vote. The
    requester is left out here once more, because a rule about approvers may have come to include them.
    """
    if proposal.digest != digest or not all(vote.approves for vote in proposal.votes):
        return False
    approvers = {vote.user for vote in proposal.votes} - {proposal.requester}
    return sum(may_approve(user) for user in approvers) >= count


def require_whole_sha(operation: str, args: JsonObject) -> None:
    """Raise UsageError for a commit other than a whole SHA or HEAD.

    A branch, a tag or an abbreviated SHA could point to another commit after people have approved it. HEAD is
    allowed, because the card says that it is the latest commit when the build starts.
    """
    commit = str(args.get("commit") or _HEAD)
    if operation != "build create" or commit.upper() == _HEAD or _WHOLE_SHA.fullmatch(commit):
        return
    raise UsageError(
        f"`{quote_word(commit)}` might be a different commit by the time this is approved.",
        "Give the whole 40-character SHA (`git rev-parse` prints it), or leave the commit out to build HEAD.",
        "commit",
    )
