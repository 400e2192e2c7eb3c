"""Who may do what: a pure decision that names the rule which made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.access.policy import policy_wording
from bot.access.policy.rules import (
    FULL,
    Allow,
    Ask,
    Freeze,
    Grant,
    Protect,
    Refuse,
    Rules,
    Target,
    Verdict,
    Who,
    covers,
    fits,
    guarded,
    here,
    includes,
    protects,
)
from bot.operations.operation import Operation, Permission
from bot.runtime.time_windows import find_end
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.types import Actor, Standing

__all__ = [
    "DEFAULT",
    "Allow",
    "Ask",
    "Freeze",
    "Grant",
    "Protect",
    "Refuse",
    "Rules",
    "Target",
    "Verdict",
    "Who",
    "approve",
    "decide",
    "explain",
    "hopeless",
]
_FOR_ADMINS = frozenset({Permission.AGENTS, Permission.PIPELINES, Permission.ADMIN})
DEFAULT = Rules(
    grants=(
        Grant("default: full members read and build", Who(standings=FULL), frozenset(Permission) - _FOR_ADMINS),
        Grant(
            "default: workspace admins run agents and pipelines",
            Who(standings=frozenset({Standing.ADMIN})),
            _FOR_ADMINS,
        ),
    )
)
"""What holds without a policy file."""


def decide(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Verdict:
    """Whether this person may run this operation on this target, now.

    Grants come first, then freezes, then protections: a freeze or a protection gives nobody a right.
    """
    grant = _granted(rules, actor, op.needs, target) or (_somewhere(rules, actor, op) if op.sifts else None)
    if grant is None:
        return _barred(rules, actor) or policy_wording.ungranted(rules, actor, op, target)
    return (
        _liberties(rules, actor, op, target)
        or _frozen(rules, actor, op, target, now)
        or _protected(rules, op, target)
        or Allow(grant.name)
    )


def hopeless(rules: Rules, actor: Actor, op: Operation, *, anywhere: bool = False) -> Refuse | None:
    """Why this person may run this operation on nothing at all from here; None where something may be left.

    `anywhere`: or from whatever channel they choose.
    """
    if anywhere:
        rules = replace(rules, grants=tuple(replace(grant, channels=None) for grant in rules.grants))
    if _somewhere(rules, actor, op):
        return None
    return _barred(rules, actor) or policy_wording.ungranted(rules, actor, op, Target())


def approve(rules: Rules, ask: Ask, actor: Actor, requester: str, op: Operation, target: Target) -> Allow | Refuse:
    """Whether this person's approval counts for what `requester` (a user id) asked for."""
    if actor.id == requester:
        return Refuse(ask.rule, "You asked for it yourself, so somebody else has to approve.", _approvers(ask))
    if ask.approvers is not None:
        allowed = includes(ask.approvers, actor)
    else:
        allowed = _granted(rules, actor, Permission.APPROVE, target) is not None
    if allowed:
        return Allow(ask.rule)
    said = md("You cannot approve `{op}`{at}.", op=op.name, at=policy_wording.at(target))
    return _barred(rules, actor) or Refuse(ask.rule, said, _approvers(ask))


def explain(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Mrkdwn:
    """What `decide` says, in words, and why."""
    what = md("`{op}`{at}", op=op.name, at=policy_wording.at(target))
    match decide(rules, actor, op, target, now):
        case Allow(rule):
            return md("✅ You may run {what}: “{rule}”.", what=what, rule=rule)
        case Ask() as ask:
            return md(
                "✋ {what} needs {wanted}: “{rule}”.", what=what, wanted=policy_wording.wanted(ask), rule=ask.rule
            )
        case Refuse(rule, message, hint):
            return md("⛔ {message} {hint} (“{rule}”)", message=message, hint=hint, rule=rule)


def _approvers(ask: Ask) -> Mrkdwn:
    return md("It needs {wanted}.", wanted=policy_wording.wanted(ask))


def _barred(rules: Rules, actor: Actor) -> Refuse | None:
    """Those who get nothing whatever they ask for; a guest whom a grant names is told like anybody else."""
    if actor.standing in FULL or any(includes(grant.who, actor) for grant in rules.grants):
        return None
    return policy_wording.barred(actor.standing, rules.admins)


def _granted(rules: Rules, actor: Actor, permission: Permission, target: Target) -> Grant | None:
    """The first grant that gives this permission there; one that restricts no branch comes before others."""
    found = [
        grant
        for grant in rules.grants
        if includes(grant.who, actor) and covers(grant, permission, target) and here(grant, actor)
    ]
    return min(found, key=lambda grant: grant.branches is not None, default=None)


def _somewhere(rules: Rules, actor: Actor, op: Operation) -> Grant | None:
    """The first grant that gives what the operation needs on anything at all from here."""
    found = (grant for grant in rules.grants if op.needs in grant.permissions and includes(grant.who, actor))
    return next((item for item in found if here(item, actor)), None)


def _liberties(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse | None:
    """A branch is only a label: where rules name branches, commit and env need permissions of their own."""
    if op.needs is not Permission.BUILD:
        return None
    commit = target.commit is not None and target.commit.upper() != "HEAD"
    taken = ((Permission.COMMIT, commit), (Permission.ENV, target.has_env))
    lacking = [item for item, is_set in taken if is_set and not _granted(rules, actor, item, target)]
    if not lacking or not _by_branch(rules, actor, op, target):
        return None
    return policy_wording.liberty(rules, lacking[0], op, target)


def _by_branch(rules: Rules, actor: Actor, op: Operation, target: Target) -> bool:
    grant = _granted(rules, actor, op.needs, target)
    anywhere = replace(target, branch=None)
    return (grant is not None and grant.branches is not None) or any(
        protect.branches is not None and protects(protect, op, anywhere) for protect in rules.protects
    )


def _frozen(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Refuse | None:
    for freeze in rules.freezes:
        until = find_end(freeze.window, now)
        about = until is not None and guarded(freeze.operations, freeze.pipelines, op, target)
        if until is not None and about and not includes(freeze.exempt, actor):
            return policy_wording.frozen(rules, freeze, target, until)
    return None


def _protected(rules: Rules, op: Operation, target: Target) -> Ask | None:
    """Of several protections the one that wants most approvals; among equals the first."""
    found = _named_protections(target, [protect for protect in rules.protects if protects(protect, op, target)])
    rule = max(found, key=lambda item: item.approvals, default=None)
    return Ask(rule.name, rule.approvers, rule.approvals, rule.expires) if rule else None


def _named_protections(target: Target, found: list[Protect]) -> list[Protect]:
    """Return the protections that a commit's name is about: those that name it, else all that were found.

    `main` may be a tag, so that it counts as every protected branch until a protection knows it as a branch.
    """
    if not any(rule.branches is not None and _protects_any(rule, target.reach.names) for rule in found):
        return found
    return [rule for rule in found if target.branch is None or _protects_any(rule, target.branches)]


def _protects_any(rule: Protect, branches: frozenset[str]) -> bool:
    """Return whether a protection is about any of these branches."""
    return any(fits(rule.branches, branch) for branch in branches)
