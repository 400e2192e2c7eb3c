"""Encodes the parts of a proposal that are stored as JSON, and decodes them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import NotRequired, TypedDict

from bot.access.approvals.model import Proposal, RequestWording
from bot.access.policy.rules import ApprovalRequirement, Principals
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Standing


class StoredApprovers(TypedDict):
    """The people who may approve, as stored."""

    users: list[str]
    groups: list[str]
    standings: list[str]


class StoredWording(TypedDict):
    """A request in words, as stored."""

    act: str
    given: str
    details: list[str]


class StoredRequirement(TypedDict):
    """The requirement of a proposal, as stored; `seconds` is the time until it expires."""

    rule: str
    count: int
    seconds: float
    approvers: StoredApprovers | None
    channel: NotRequired[str | None]


def encode_options(proposal: Proposal) -> JsonObject:
    """Return what is stored of a proposal beside its arguments."""
    direct: JsonObject = {"dm": True} if proposal.direct else {}
    token: JsonObject = {"token": proposal.token} if proposal.token else {}
    wording, names = proposal.wording, {"name": proposal.requester_name, "asked_of": proposal.asked_of}
    return {**direct, **token, **names, "wording": {**asdict(wording), "details": list(wording.details)}}


def decode_wording(stored: StoredWording | None) -> RequestWording | None:
    """Return a request in words; None if it was stored without."""
    if stored is None:
        return None
    details = tuple(Mrkdwn(line) for line in stored["details"])
    return RequestWording(Mrkdwn(stored["act"]), Mrkdwn(stored["given"]), details)


def encode_requirement(requirement: ApprovalRequirement) -> StoredRequirement:
    """Return a requirement as it is stored."""
    return {
        "rule": requirement.rule,
        "count": requirement.count,
        "seconds": requirement.expires.total_seconds(),
        "approvers": _encode_approvers(requirement.approvers) if requirement.approvers else None,
        "channel": requirement.channel,
    }


def _encode_approvers(approvers: Principals) -> StoredApprovers:
    return {
        "users": sorted(approvers.users),
        "groups": sorted(approvers.groups),
        "standings": sorted(approvers.standings),
    }


def decode_requirement(stored: StoredRequirement) -> ApprovalRequirement:
    """Return a stored requirement."""
    named = stored["approvers"]
    approvers = named and Principals(
        frozenset(named["users"]),
        frozenset(named["groups"]),
        frozenset(Standing(standing) for standing in named["standings"]),
    )
    expires = timedelta(seconds=stored["seconds"])
    return ApprovalRequirement(stored["rule"], approvers or None, stored["count"], expires, stored.get("channel"))
