"""Counting of votes on proposals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.approvals.model import Proposal, ProposalState, Vote, is_approved, require_whole_sha, tally_votes
from bot.access.approvals.request_wording import describe_unknown
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import UsageError
from bot.operations.invocation import Invocation
from bot.slack.types import Thread

THREAD = Thread("T0BUILD01", "C0DEPLOYS")
USERS = st.sampled_from(["U0ANN", "U0BOB", "U0CAT", "U0DAN"])
VOTES = st.lists(st.builds(Vote, USERS, st.booleans()), max_size=6)
COUNTS = st.integers(1, 3)
VALUES = st.dictionaries(st.sampled_from(["pipeline", "branch", "commit", "message"]), st.text(max_size=5))


def make_invocation(args: dict[str, str], operation: str = "build create", user: str = "U0ANN") -> Invocation:
    """Return an invocation that starts a build."""
    return Invocation("one", "slash:one", operation, args, user, THREAD, "slash")


def proposal(shown: Invocation, votes: Iterable[Vote] = (), count: int = 1) -> Proposal:
    """A proposal that shows exactly that."""
    return Proposal(
        id="p",
        operation=shown.operation,
        args=shown.args,
        digest=shown.digest,
        requester=shown.user,
        thread=THREAD,
        via="slash",
        requirement=ApprovalRequirement("protected", None, count, timedelta(minutes=30)),
        expires_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        wording=describe_unknown(shown.operation, shown.args),
        votes=tuple(votes),
    )


def pressed(votes: Iterable[Vote], count: int) -> tuple[ProposalState, tuple[Vote, ...]]:
    """Press after press until it is over: where it ended, and the votes that were counted."""
    counted: list[Vote] = []
    for vote in votes:
        counted.append(vote)
        if tally_votes(counted, count) is not ProposalState.OPEN:
            break
    return tally_votes(counted, count), tuple(counted)


@given(VOTES, COUNTS, st.randoms())
def test_the_order_of_votes_does_not_matter(votes: list[Vote], count: int, chance: Random) -> None:
    """Shuffled, said twice or said once: the same votes make the same of it."""
    shuffled = list(votes)
    chance.shuffle(shuffled)
    assert tally_votes(shuffled, count) is tally_votes(votes, count) is tally_votes([*votes, *shuffled], count)


@given(VOTES, COUNTS, st.randoms())
def test_a_refusal_never_becomes_an_approval_by_reordering(votes: list[Vote], count: int, chance: Random) -> None:
    """The presses that were counted end it in the same way in every order in which all of them are counted."""
    state, counted = pressed(votes, count)
    again = list(counted)
    chance.shuffle(again)
    other, recounted = pressed(again, count)
    if state is ProposalState.REFUSED:
        assert not any(tally_votes(again[:taken], count) is ProposalState.APPROVED for taken in range(len(again)))
        assert other is ProposalState.REFUSED
    if frozenset(recounted) == frozenset(counted):
        assert other is state


@given(VOTES, COUNTS)
def test_approval_needs_enough_people_and_no_refusal(votes: list[Vote], count: int) -> None:
    """One person pressing often is one person."""
    enough = len({vote.user for vote in votes}) >= count
    against = any(not vote.approves for vote in votes)
    wanted = ProposalState.REFUSED if against else ProposalState.APPROVED if enough else ProposalState.OPEN
    assert tally_votes(votes, count) is wanted


@given(VALUES, VALUES, USERS, st.sampled_from(["build create", "build rebuild"]), VOTES, COUNTS)
def test_approvals_never_exceed_what_was_shown(
    shown: dict[str, str], runs: dict[str, str], user: str, operation: str, votes: list[Vote], count: int
) -> None:
    """Other arguments, another operation, another requester: the approvals are worth nothing there."""
    item = proposal(make_invocation(shown), votes, count)
    other = make_invocation(runs, operation, user)
    if is_approved(item, other.digest, count, lambda _: True):
        assert (other.operation, other.user, other.args) == (item.operation, item.requester, item.args)
    elsewhere = replace(other, thread=Thread("T0BUILD01", "C0OTHER"))
    assert not is_approved(item, elsewhere.digest, count, lambda _: True)


@given(VOTES, COUNTS, st.frozensets(USERS))
def test_a_run_needs_enough_approvals_that_are_still_valid(
    votes: list[Vote], count: int, counting: frozenset[str]
) -> None:
    """Never the requester's, never those of people who lost the right meanwhile, never against a refusal."""
    invocation = make_invocation({"pipeline": "web"})
    item = proposal(invocation, votes, count)
    good = {vote.user for vote in votes if vote.approves} & counting - {invocation.user}
    against = any(not vote.approves for vote in votes)
    assert is_approved(item, invocation.digest, count, counting.__contains__) is (
        len(good) >= count and not against
    )


SHA = "8f742231b10e8888abcd8f742231b10e8888abcd"


@pytest.mark.parametrize("args", [{}, {"commit": "HEAD"}, {"commit": "head"}, {"commit": SHA}])
def test_a_whole_commit_or_head_may_be_proposed(args: dict[str, str]) -> None:
    """A whole SHA or HEAD can be proposed; other operations have no commit."""
    require_whole_sha("build create", {"pipeline": "web", **args})
    require_whole_sha("build rebuild", {"pipeline": "web", "commit": "v1.2"})


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize("commit", ["8f74223", SHA[:39], f"{SHA}0", "v1.2", "main", "g" * 40])
def test_a_commit_that_may_change_is_not_proposed(commit: str) -> None:
    """Short SHAs, tags and branches: the whole SHA is asked for, and the word is quoted."""
    with pytest.raises(UsageError, match="whole 40-character SHA") as caught:
        require_whole_sha("build create", {"pipeline": "web", "commit": commit})
    assert f"`{commit}`" in caught.value.message
    assert caught.value.field == "commit"
