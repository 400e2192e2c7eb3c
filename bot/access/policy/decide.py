"""Decides who may do what. Pure: every verdict depends only on its arguments, and names the rule behind it."""

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
    Principals,
    Protection,
    Refuse,
    Rules,
    Target,
    Verdict,
    applies_in_channel,
    applies_to_target,
    is_guarded,
    is_protected,
    matches_actor,
    matches_any,
)
from bot.access.policy.token_limits import find_token_refusal, is_within_limits, refuse_uncallable
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
    "Principals",
    "Protection",
    "Refuse",
    "Rules",
    "Target",
    "Verdict",
    "decide",
    "explain",
    "find_blanket_refusal",
    "judge_approval",
    "may_read",
]
_FOR_ADMINS = frozenset({Permission.AGENTS, Permission.PIPELINES, Permission.ADMIN})
DEFAULT = Rules(
    grants=(
        Grant(
            "default: full members read and build",
            Principals(standings=FULL_MEMBERS),
            frozenset(Permission) - _FOR_ADMINS,
        ),
        Grant(
            "default: workspace admins run agents and pipelines",
            Principals(standings=frozenset({Standing.ADMIN})),
            _FOR_ADMINS,
        ),
    )
)
"""The rules without a policy file."""


def decide(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Verdict:
    """Return whether this person may run this operation on this target now.

    Grants come first, because a freeze or a protection only takes rights away. Freezes come before protections:
    no approval can lift a freeze, so asking for one would waste people's time. An operation that filters its
    results by pipeline needs its permission on some pipeline only: it leaves out the others itself.
    """
    if refused := find_token_refusal(actor, op, None if op.filters_pipelines else target):
        return refused
    grant = _find_grant(rules, actor, op.needs, target) or (
        _find_grant_anywhere(rules, actor, op) if op.filters_pipelines else None
    )
    if grant is None:
        return _refuse_standing(rules, actor) or policy_wording.refuse_ungranted(rules, actor, op, target)
    return (
        _check_source(rules, actor, op, target)
        or _check_commit_and_env(rules, actor, op, target)
        or _check_freezes(rules, actor, op, target, now)
        or _find_requirement(rules, op, target)
        or Allow(grant.name)
    )


def may_read(rules: Rules, actor: Actor, target: Target) -> bool:
    """Return whether this person may read builds of the target from their channel."""
    return _find_grant(rules, actor, Permission.READ, target) is not None


def find_blanket_refusal(rules: Rules, actor: Actor, op: Operation, *, anywhere: bool = False) -> Refuse | None:
    """Return the refusal if this person may not run this operation on any target from their channel.

    None means that some target may be allowed. With `anywhere` the channel doesn't matter, because it is yet to be
    chosen.
    """
    if refused := find_token_refusal(actor, op, None):
        return refused
    if anywhere:
        rules = replace(rules, grants=tuple(replace(grant, channels=None) for grant in rules.grants))
    if _find_grant_anywhere(rules, actor, op):
        return None
    return _refuse_standing(rules, actor) or policy_wording.refuse_ungranted(rules, actor, op, Target())


def holds_permission(rules: Rules, actor: Actor, permission: Permission) -> bool:
    """Return whether this person has a permission on something, from their channel."""
    return is_within_limits(actor, permission, None) and any(
        matches_actor(grant.principals, actor) and applies_in_channel(grant, actor)
        for grant in rules.find_grants(permission)
    )


def judge_approval(
    rules: Rules, requirement: ApprovalRequirement, actor: Actor, requester: str, op: Operation, target: Target
) -> Allow | Refuse:
    """Return whether this person's approval counts for what `requester` (a user id) wants to run.

    That of a program with their API token never does.
    """
    if actor.limits:
        return refuse_uncallable(op)
    if actor.id == requester:
        return Refuse(
            requirement.rule,
            "You can't approve your own request: someone else has to.",
            _describe_requirement(requirement),
        )
    if requirement.approvers is not None:
        allowed = matches_actor(requirement.approvers, actor)
    else:
        allowed = _find_grant(rules, actor, Permission.APPROVE, target) is not None
    if allowed:
        return Allow(requirement.rule)
    message = md("You can't approve `{op}`{at}.", op=op.name, at=policy_wording.describe_target(target))
    return _refuse_standing(rules, actor) or Refuse(requirement.rule, message, _describe_requirement(requirement))


def explain(verdict: Verdict, op: Operation, target: Target) -> Mrkdwn:
    """Return a verdict of `decide` in words, with its rule."""
    what = md("`{op}`{at}", op=op.name, at=policy_wording.describe_target(target))
    match verdict:
        case Allow(rule):
            return md("✅ You may run {what}: “{rule}”.", what=what, rule=rule)
        case ApprovalRequirement() as ask:
            return md(
                "✋ {what} needs {wanted}: “{rule}”.",
                what=what,
                wanted=policy_wording.describe_requirement(ask),
                rule=ask.rule,
            )
        case Refuse(rule, message, hint):
            return md("⛔ {message} {hint} (“{rule}”)", message=message, hint=hint, rule=rule)


def _describe_requirement(requirement: ApprovalRequirement) -> Mrkdwn:
    return md("It needs {wanted}.", wanted=policy_wording.describe_requirement(requirement))


def _refuse_standing(rules: Rules, actor: Actor) -> Refuse | None:
    """Return the refusal for guests, bots and others who may do nothing at all.

    A guest whom a grant names gets the ordinary refusal: it explains what the grant leaves out.
    """
    if actor.standing in FULL_MEMBERS or any(matches_actor(grant.principals, actor) for grant in rules.grants):
        return None
    return policy_wording.refuse_standing(actor.standing, rules.admins)


def _find_grant(rules: Rules, actor: Actor, permission: Permission, target: Target) -> Grant | None:
    """Return the first grant of this permission on the target, preferring one that doesn't limit branches.

    The preference matters: under a grant limited by branch, commit and environment need permissions of their own.
    """
    if not is_within_limits(actor, permission, target):
        return None
    found = [
        grant
        for grant in rules.grants
        if matches_actor(grant.principals, actor)
        and applies_to_target(grant, permission, target)
        and applies_in_channel(grant, actor)
    ]
    return min(found, key=lambda grant: grant.branches is not None, default=None)


def _find_grant_anywhere(rules: Rules, actor: Actor, op: Operation) -> Grant | None:
    """Return the first grant of the operation's permission on any target from this channel."""
    if not is_within_limits(actor, op.needs, None):
        return None
    found = (grant for grant in rules.find_grants(op.needs) if matches_actor(grant.principals, actor))
    return next((grant for grant in found if applies_in_channel(grant, actor)), None)


def _check_source(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse | None:
    """Refuse to read a pipeline that the person may not view: a copy reveals its steps and settings."""
    source = Target(target.source)
    if target.source is None or _find_grant(rules, actor, Permission.READ, source):
        return None
    view = replace(op, name=f"{op.noun} view", needs=Permission.READ)
    return policy_wording.refuse_ungranted(rules, actor, view, source)


def _check_commit_and_env(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse | None:
    """Refuse a chosen commit or environment values where rules limit branches and the person lacks the permission.

    A build's branch is only a label: with a commit of their choice, or a variable that the steps read, people
    could run any code under an allowed branch's name.
    """
    if op.needs is not Permission.BUILD:
        return None
    has_commit = target.commit is not None and target.commit.upper() != "HEAD"
    chosen = ((Permission.COMMIT, has_commit), (Permission.ENV, target.has_env))
    lacking = [needed for needed, is_set in chosen if is_set and not _find_grant(rules, actor, needed, target)]
    if not lacking or not _is_restricted_by_branch(rules, actor, op, target):
        return None
    return policy_wording.refuse_commit_or_env(rules, lacking[0], op, target)


def _is_restricted_by_branch(rules: Rules, actor: Actor, op: Operation, target: Target) -> bool:
    grant = _find_grant(rules, actor, op.needs, target)
    # Without its branch the target matches each protection of the pipeline: a commit may get around any one.
    any_branch = replace(target, branch=None)
    return (grant is not None and grant.branches is not None) or any(
        protection.branches is not None and is_protected(protection, op, any_branch)
        for protection in rules.protections
    )


def _check_freezes(rules: Rules, actor: Actor, op: Operation, target: Target, now: datetime) -> Refuse | None:
    for freeze in rules.freezes:
        until = find_end(freeze.window, now)
        covered = until is not None and is_guarded(freeze.operations, freeze.pipelines, op, target)
        if until is not None and covered and not matches_actor(freeze.exempt, actor):
            return policy_wording.refuse_frozen(rules, freeze, target, until, now)
    return None


def _find_requirement(rules: Rules, op: Operation, target: Target) -> ApprovalRequirement | None:
    """Return the requirement of the protection with the most approvals; among equals, the first."""
    found = _select_named_protections(
        target, [protect for protect in rules.protections if is_protected(protect, op, target)]
    )
    rule = max(found, key=lambda protection: protection.approvals, default=None)
    if rule is None:
        return None
    return ApprovalRequirement(rule.name, rule.approvers, rule.approvals, rule.expires, rule.channel)


def _select_named_protections(target: Target, found: list[Protection]) -> list[Protection]:
    """Return the protections that name the commit's branch; all that were found if none does.

    `main` may as well be a tag on any branch's code. So a commit's name counts as every protected branch, unless
    a protection names it as a branch.
    """
    if not any(rule.branches is not None and _names_any_branch(rule, target.reach.names) for rule in found):
        return found
    return [rule for rule in found if target.branch is None or _names_any_branch(rule, target.branches)]


def _names_any_branch(rule: Protection, branches: frozenset[str]) -> bool:
    """Return whether a protection names any of these branches."""
    return any(matches_any(rule.branches, branch) for branch in branches)
