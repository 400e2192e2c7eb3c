"""Texts of refusals and explanations: the reason, the rule, and who can help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import assert_never
from zoneinfo import ZoneInfo

from bot.access.policy.rules import (
    ApprovalRequirement,
    Freeze,
    Grant,
    Principals,
    Refuse,
    Rules,
    Target,
    applies_in_channel,
    applies_to_target,
    matches_actor,
    matches_any,
)
from bot.operations.git_names import is_short_sha
from bot.operations.operation import Operation, Permission
from bot.runtime.durations import spell_duration
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md, mention, mention_group
from bot.slack.types import Actor, Standing

_INCLUDED_STANDINGS: Mapping[Standing, str] = {Standing.MEMBER: "full members", Standing.ADMIN: "workspace admins"}
_EXCLUDED_STANDINGS: Mapping[Standing, str] = {
    Standing.GUEST: "guests",
    Standing.STRANGER: "people of other workspaces",
    Standing.BOT: "bots",
    Standing.DEACTIVATED: "deactivated accounts",
    Standing.SERVICE: "services that no grant names",
}


def list_principals(groups: Iterable[Principals], ids: Mapping[str, str] = MappingProxyType({})) -> Mrkdwn:
    """Format people as `@release, @ann or full members`; empty for no one.

    User ids become mentions, which notify no one in a refusal, because refusals are private. Groups and people
    with a handle are mentioned if their id is in `ids`, by the name that the rule gives them.
    """
    known = list(groups)
    named = sorted({group for principals in known for group in principals.groups})
    names: list[str] = [mention_group(ids[group]) if group in ids else group for group in named]
    users = sorted({user for principals in known for user in principals.users})
    names += [mention(ids.get(user, user)) for user in users]
    standings = {standing for principals in known for standing in principals.standings}
    widest = Standing.MEMBER if Standing.MEMBER in standings else Standing.ADMIN
    names += [_INCLUDED_STANDINGS[widest]] if standings & _INCLUDED_STANDINGS.keys() else []
    return _join_or(names)


def _join_or(names: list[str]) -> Mrkdwn:
    if len(names) < 2:
        return join(names)
    return md("{first} or {last}", first=join(names[:-1], ", "), last=names[-1])


def refuse_standing(standing: Standing, admins: str) -> Refuse:
    """Refuse people who may do nothing because of their standing."""
    return Refuse(
        f"default: nothing for {_EXCLUDED_STANDINGS.get(standing, 'others')}", *_explain_standing(standing, admins)
    )


def _explain_standing(standing: Standing, admins: str) -> tuple[str, str]:
    """Return the reason, and who can help."""
    match standing:
        case Standing.GUEST:
            return (
                "Guests of this workspace cannot use Kitestring.",
                f"Ask a full member to do it for you, or {admins} to make you a full member.",
            )
        case Standing.STRANGER:
            return (
                "You belong to another workspace, and Kitestring answers only members of this one.",
                "Ask someone in this workspace to do it for you.",
            )
        case Standing.BOT:
            return "Kitestring doesn't take commands from other bots.", "Only people can run commands."
        case Standing.DEACTIVATED:
            return "This account is deactivated.", f"Ask {admins}."
        case Standing.SERVICE:
            return (
                "No rule of the policy names this service.",
                f'Ask {admins} to add a grant with its group, such as groups = ["service:release-bot"].',
            )
        case Standing.MEMBER | Standing.ADMIN:
            return "No rule lets you do anything here.", f"Ask {admins}."
        case _:
            assert_never(standing)


def refuse_ungranted(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse:
    """Refuse where no grant applies: name the people who may, or the limits of the person's own grant."""
    giving = list(rules.find_grants(op.needs))
    own = [grant for grant in giving if matches_actor(grant.principals, actor)]
    if own:
        return _refuse_outside_grant(rules, own, actor, op, target)
    may = list_principals(
        grant.principals for grant in giving if target == Target() or applies_to_target(grant, op.needs, target)
    )
    built_in = bool(rules.grants) and all(grant.name.startswith("default: ") for grant in rules.grants)
    rule = f"default: {op.needs} is for {may or 'nobody'}" if built_in else f"no grant of {op.needs}"
    if not may:
        return Refuse(
            rule, md("No one may run `{op}`{at}.", op=op.name, at=describe_target(target)), f"Ask {rules.admins}."
        )
    message = _describe_grantees(op, target, may)
    # An admin who isn't an approver can't help.
    ask = "Ask one of them." if op.needs is Permission.APPROVE else f"Ask {rules.admins} to do it."
    return Refuse(rule, message, warn_unresolved_groups(actor, giving) or ask)


def _describe_grantees(op: Operation, target: Target, may: Mrkdwn) -> Mrkdwn:
    if op.needs is Permission.APPROVE:
        return md("You can't approve or refuse proposals: that's for {may}.", may=may)
    return md("`{op}`{at} is for {may}.", op=op.name, at=describe_target(target), may=may)


def _refuse_outside_grant(rules: Rules, own: list[Grant], actor: Actor, op: Operation, target: Target) -> Refuse:
    """Refuse a person who has the permission, but not for this pipeline, branch or channel."""
    grant = next((grant for grant in own if matches_any(grant.pipelines, target.pipeline)), own[0])
    limits = md("Your grant “{name}” is for {limits}.", name=grant.name, limits=_describe_limits(grant, actor))
    message = md("You may not run `{op}`{at} here.", op=op.name, at=describe_target(target))
    others = [
        grant.principals
        for grant in rules.grants
        if applies_to_target(grant, op.needs, target) and applies_in_channel(grant, actor)
    ]
    ask = md("Ask {who} to do it.", who=list_principals(others) or rules.admins)
    lost = warn_unresolved_groups(
        actor, [grant for grant in rules.grants if applies_to_target(grant, op.needs, target)]
    )
    return Refuse(grant.name, message, md("{limits} {ask}", limits=limits, ask=lost or ask))


def _describe_limits(grant: Grant, actor: Actor) -> Mrkdwn:
    """Format a grant's limits in words."""
    parts = [md("pipelines {names}", names=format_globs(grant.pipelines))] if grant.pipelines else []
    parts += [md("branches {names}", names=format_globs(grant.branches))] if grant.branches else []
    if grant.channels is not None and actor.channel not in grant.channels:
        parts.append(md("{names} only", names=join(_mention_channels(grant.channels), ", ")))
    return join(list(parts), ", ") or Mrkdwn("something else")


def _mention_channels(channels: frozenset[str]) -> list[str]:
    return [Mrkdwn(f"<#{channel}>") for channel in sorted(channels) if channel.isalnum()]


def format_globs(globs: tuple[str, ...]) -> Mrkdwn:
    """Format patterns as code, with commas."""
    return join([code(glob) for glob in globs], ", ")


def describe_target(target: Target) -> Mrkdwn:
    """Format the known parts of a target, like ` on web, branch main`."""
    if not target.pipeline:
        return Mrkdwn("")
    branch = md(", branch {name}", name=code(target.branch)) if target.branch else ""
    named = target.reach.names and not is_short_sha(target.commit or "")
    commit = md(", commit {name}", name=code(target.commit or "")) if named else ""
    return md(" on {name}{branch}{commit}", name=code(target.pipeline), branch=branch, commit=commit)


def warn_unresolved_groups(actor: Actor, grants: Iterable[Grant]) -> Mrkdwn | None:
    """Return a warning if a grant depends on a group whose members Slack didn't return."""
    lost = sorted(frozenset().union(*(grant.principals.groups for grant in grants)) & actor.unresolved_groups)
    if not lost:
        return None
    return md(
        "I couldn't find out who is in {groups}. Try again, or ask a workspace admin.", groups=_join_or(lost)
    )


def refuse_commit_or_env(rules: Rules, permission: Permission, op: Operation, target: Target) -> Refuse:
    """Refuse a chosen commit, or environment values, where the policy limits branches."""
    what = "a commit other than HEAD" if permission is Permission.COMMIT else "environment values"
    may = list_principals(
        grant.principals for grant in rules.grants if applies_to_target(grant, permission, target)
    )
    message = md(
        "`{op}`{at} with {what} needs the `{permission}` permission, because the policy limits branches there.",
        op=op.name,
        at=describe_target(target),
        what=what,
        permission=permission,
    )
    hint = md("Ask {may}.", may=may or rules.admins)
    return Refuse(f"policy: {permission} where branches are restricted", message, hint)


def refuse_frozen(rules: Rules, freeze: Freeze, target: Target, until: datetime, now: datetime) -> Refuse:
    """Refuse during a freeze; times are in the zone of the freeze, because its author thinks in that zone."""
    zone = freeze.window.zone or ZoneInfo("UTC")
    shown = until.astimezone(zone)
    year = "" if shown.year == now.astimezone(zone).year else f" {shown.year}"
    end = f"{shown:%a} {shown.day} {shown:%b}{year} {shown:%H:%M} ({zone.key})"
    message = md(
        "{name} is frozen until {end}{reason}.",
        name=code(target.pipeline or "This"),
        end=end,
        reason=f": {freeze.reason.rstrip('.')}" if freeze.reason else "",
    )
    return Refuse(freeze.name, message, md("Ask {may}.", may=list_principals([freeze.exempt]) or rules.admins))


def explain_protection(op: Operation, requirement: ApprovalRequirement) -> Mrkdwn:
    """Format why a protected operation doesn't run at once."""
    return md(
        "`{op}` is protected there and needs {wanted}.", op=op.name, wanted=describe_requirement(requirement)
    )


def describe_requirement(requirement: ApprovalRequirement) -> Mrkdwn:
    """Format a requirement as `1 approval from @release within 30 minutes`."""
    return md(
        "{count} within {time}", count=count_approvals(requirement), time=spell_duration(requirement.expires)
    )


def count_approvals(requirement: ApprovalRequirement, approvers: str = "") -> Mrkdwn:
    """Format how many approvals are needed and who can give them, like `1 approval from @release`.

    `approvers` takes the place of the names that the rule gives.
    """
    count = "1 approval" if requirement.count == 1 else f"{requirement.count} approvals"
    named = list_principals([requirement.approvers]) if requirement.approvers else None
    may = approvers or named or "people who can approve there"
    return md("{count} from {may}", count=count, may=may)
