"""Who may do what: a pure decision that names the rule which made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from bot.core.operation import Operation, Permission
from bot.model import Actor, Standing


@dataclass(frozen=True)
class Target:
    """What an operation is about to touch; None where it touches nothing of that kind.

    `commit` is None for HEAD; `has_env` says that environment values are set.
    """

    pipeline: str | None = None
    branch: str | None = None
    commit: str | None = None
    has_env: bool = False


@dataclass(frozen=True)
class Grant:
    """A rule that allows: people of these standings get these permissions."""

    name: str
    standings: frozenset[Standing]
    permissions: frozenset[Permission]


@dataclass(frozen=True)
class Rules:
    """The policy: what no grant allows is refused; `admins` says whom a refused person can ask."""

    grants: tuple[Grant, ...] = ()
    admins: str = "a workspace admin"


@dataclass(frozen=True)
class Allow:
    """Allowed, by the rule of this name."""

    rule: str


@dataclass(frozen=True)
class Refuse:
    """Refused, by the rule of this name: what happened in one sentence, and who can help."""

    rule: str
    message: str
    hint: str = field(default="")


_MEMBERS = frozenset({Standing.MEMBER, Standing.ADMIN})

DEFAULT = Rules(
    grants=(
        Grant(
            "default: full members read and build",
            _MEMBERS,
            frozenset({Permission.HELP, Permission.READ, Permission.LOGS, Permission.BUILD}),
        ),
        Grant(
            "default: workspace admins run agents and pipelines",
            frozenset({Standing.ADMIN}),
            frozenset({Permission.AGENTS, Permission.ADMIN}),
        ),
    )
)


def decide(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Allow | Refuse:
    """Whether this person may run this operation on this target, now.

    Without a policy file neither the target nor the time matters.
    """
    del target, now
    if barred := _barred(actor.standing, rules):
        return barred
    for grant in rules.grants:
        if actor.standing in grant.standings and op.needs in grant.permissions:
            return Allow(grant.name)
    return _no_grant(rules, op)


def _barred(standing: Standing, rules: Rules) -> Refuse | None:
    """Those who get nothing unless a grant names their standing."""
    if any(standing in grant.standings for grant in rules.grants):
        return None
    return Refuse(f"default: nothing for {_NOBODY.get(standing, 'others')}", *_reason(standing, rules.admins))


_NOBODY: Mapping[Standing, str] = {
    Standing.GUEST: "guests",
    Standing.STRANGER: "people of other workspaces",
    Standing.BOT: "bots",
    Standing.DEACTIVATED: "deactivated accounts",
}


def _reason(standing: Standing, admins: str) -> tuple[str, str]:
    """Why, and who can help."""
    match standing:
        case Standing.GUEST:
            return (
                "Guests of this workspace cannot use Kitestring.",
                f"Ask a full member to do it for you, or {admins} to make you a full member.",
            )
        case Standing.STRANGER:
            return (
                "You belong to another workspace, and Kitestring answers only members of this one.",
                "Ask somebody of this workspace to do it for you.",
            )
        case Standing.BOT:
            return "Kitestring does not take orders from other bots.", "A person has to ask."
        case Standing.DEACTIVATED:
            return "This account is deactivated.", f"Ask {admins}."
        case Standing.MEMBER | Standing.ADMIN:
            return "No rule allows you anything here.", f"Ask {admins}."
        case _:
            assert_never(standing)


def _no_grant(rules: Rules, op: Operation) -> Refuse:
    rule = f"default: {op.needs} is for workspace admins"
    return Refuse(rule, f"`{op.name}` is for workspace admins.", f"Ask {rules.admins} to do it.")
