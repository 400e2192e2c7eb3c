"""Who may do what: a pure decision that names the rule which made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.access.policy import policy_wording
from bot.access.policy.rules import (
    FULL_MEMBERS,
    Allow,
    ApprovalRequirement,
    Freeze,
    Grant,
    Protection,
    Refuse,
    Rules,
    Target,
    Verdict,
    Principals,
    applies_to_target,
    matches_any,
    is_guarded,
    applies_in_channel,
    matches_actor,
    is_protected,
)
from bot.operations.operation import Operation, Permission
from bot.runtime.time_windows import find_end
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.types import Actor, Standing

__all__ = [
    "DEFAULT",
    "Allow",
    "ApprovalRequirement",
    "Freeze",
    "Grant",
    "Protection",
    "Refuse",
    "Rules",
    "Target",
    "Verdict",
    "Principals",
    "judge_approval",
    "decide",
    "explain",
    "find_blanket_refusal",
]
_FOR_ADMINS = frozenset({Permission.AGENTS, Permission.PIPELINES, Permission.ADMIN})
DEFAULT = Rules(
    grants=(
        Grant("default: full members read and build", Principals(standings=FULL_MEMBERS), frozenset(Permission) - _FOR_ADMINS),
        Grant(
            "default: workspace admins run agents and pipelines",
            Principals(standings=frozenset({Standing.ADMIN})),
            _FOR_ADMINS,
        ),
    )
)
"""What holds without a policy file."""


def decide(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Verdict:
    """Whether this person may run this operation on this target, now.

    Grants come first, then freezes, then protections: a freeze or a protection gives nobody a right.
    """
    grant = _find_grant(rules, actor, op.needs, target) or (_find_grant_anywhere(rules, actor, op) if op.sifts else None)
    if grant is None:
        return _refuse_standing(rules, actor) or policy_wording.refuse_ungranted(rules, actor, op, target)
    return (
        _check_commit_and_env(rules, actor, op, target)
        or _check_freezes(rules, actor, op, target, now)
        or _find_requirement(rules, op, target)
        or Allow(grant.name)
    )


def find_blanket_refusal(rules: Rules, actor: Actor, op: Operation, *, anywhere: bool = False) -> Refuse | None:
    """Why this person may run this operation on nothing at all from here; None where something may be left.

    `anywhere`: or from whatever channel they choose.
    """
    if anywhere:
        rules = replace(rules, grants=tuple(replace(grant, channels=None) for grant in rules.grants))
    if _find_grant_anywhere(rules, actor, op):
        return None
    return _refuse_standing(rules, actor) or policy_wording.refuse_ungranted(rules, actor, op, Target())


def judge_approval(rules: Rules, requirement: ApprovalRequirement, actor: Actor, requester: str, op: Operation, target: Target) -> Allow | Refuse:
    """Whether this person's approval counts for what `requester` (a user id) asked for."""
    if actor.id == requester:
        return Refuse(requirement.rule, "You asked for it yourself, so somebody else has to approve.", _describe_requirement(requirement))
    if requirement.approvers is not None:
        allowed = matches_actor(requirement.approvers, actor)
    else:
        allowed = _find_grant(rules, actor, Permission.APPROVE, target) is not None
    if allowed:
        return Allow(requirement.rule)
    said = md("You cannot approve `{op}`{at}.", op=op.name, at=policy_wording.describe_target(target))
    return _refuse_standing(rules, actor) or Refuse(requirement.rule, said, _describe_requirement(requirement))


def explain(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Mrkdwn:
    """What `decide` says, in words, and why."""
    what = md("`{op}`{at}", op=op.name, at=policy_wording.describe_target(target))
    match decide(rules, actor, op, target, now):
        case Allow(rule):
            return md("✅ You may run {what}: “{rule}”.", what=what, rule=rule)
        case ApprovalRequirement() as ask:
            return md(
                "✋ {what} needs {wanted}: “{rule}”.", what=what, wanted=policy_wording.describe_requirement(ask), rule=ask.rule
            )
        case Refuse(rule, message, hint):
            return md("⛔ {message} {hint} (“{rule}”)", message=message, hint=hint, rule=rule)


def _describe_requirement(requirement: ApprovalRequirement) -> Mrkdwn:
    return md("It needs {wanted}.", wanted=policy_wording.describe_requirement(requirement))


def _refuse_standing(rules: Rules, actor: Actor) -> Refuse | None:
    """Those who get nothing whatever they ask for; a guest whom a grant names is told like anybody else."""
    if actor.standing in FULL_MEMBERS or any(matches_actor(grant.principals, actor) for grant in rules.grants):
        return None
    return policy_wording.refuse_standing(actor.standing, rules.admins)


def _find_grant(rules: Rules, actor: Actor, permission: Permission, target: Target) -> Grant | None:
    """The first grant that gives this permission there; one that restricts no branch comes before others."""
    found = [
        grant
        for grant in rules.grants
        if matches_actor(grant.principals, actor) and applies_to_target(grant, permission, target) and applies_in_channel(grant, actor)
    ]
    return min(found, key=lambda grant: grant.branches is not None, default=None)


def _find_grant_anywhere(rules: Rules, actor: Actor, op: Operation) -> Grant | None:
    """The first grant that gives what the operation needs on anything at all from here."""
    found = (grant for grant in rules.grants if op.needs in grant.permissions and matches_actor(grant.principals, actor))
    return next((item for item in found if applies_in_channel(item, actor)), None)


def _check_commit_and_env(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse | None:
    """A branch is only a label: where rules name branches, commit and env need permissions of their own."""
    if op.needs is not Permission.BUILD:
        return None
    commit = target.commit is not None and target.commit.upper() != "HEAD"
    taken = ((Permission.COMMIT, commit), (Permission.ENV, target.has_env))
    lacking = [item for item, is_set in taken if is_set and not _find_grant(rules, actor, item, target)]
    if not lacking or not _is_restricted_by_branch(rules, actor, op, target):
        return None
    return policy_wording.refuse_commit_or_env(rules, lacking[0], op, target)


def _is_restricted_by_branch(rules: Rules, actor: Actor, op: Operation, target: Target) -> bool:
    grant = _find_grant(rules, actor, op.needs, target)
    anywhere = replace(target, branch=None)
    return (grant is not None and grant.branches is not None) or any(
        protect.branches is not None and is_protected(protect, op, anywhere) for protect in rules.protections
    )


def _check_freezes(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Refuse | None:
    for freeze in rules.freezes:
        until = find_end(freeze.window, now)
        about = until is not None and is_guarded(freeze.operations, freeze.pipelines, op, target)
        if until is not None and about and not matches_actor(freeze.exempt, actor):
            return policy_wording.refuse_frozen(rules, freeze, target, until)
    return None


def _find_requirement(rules: Rules, op: Operation, target: Target) -> ApprovalRequirement | None:
    """Of several protections the one that wants most approvals; among equals the first."""
    found = _select_named_protections(target, [protect for protect in rules.protections if is_protected(protect, op, target)])
    rule = max(found, key=lambda item: item.approvals, default=None)
    return ApprovalRequirement(rule.name, rule.approvers, rule.approvals, rule.expires) if rule else None


def _select_named_protections(target: Target, found: list[Protection]) -> list[Protection]:
    """Return the protections that a commit's name is about: those that name it, else all that were found.

    `main` may be a tag, so that it counts as every protected branch until a protection knows it as a branch.
    """
    if not any(rule.branches is not None and _names_any_branch(rule, target.reach.names) for rule in found):
        return found
    return [rule for rule in found if target.branch is None or _names_any_branch(rule, target.branches)]


def _names_any_branch(rule: Protection, branches: frozenset[str]) -> bool:
    """Return whether a protection is about any of these branches."""
    return any(matches_any(rule.branches, branch) for branch in branches)
