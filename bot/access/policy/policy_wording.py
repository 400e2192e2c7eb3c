"""What a refusal and an explanation say: what happened, which rule, and who can help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from bot.access.policy.rules import Ask, Freeze, Grant, Refuse, Rules, Target, Who, covers, fits, here, includes
from bot.operations.git_names import short_sha
from bot.operations.operation import Operation, Permission
from bot.runtime.durations import spell_duration
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md, mention
from bot.slack.types import Actor, Standing

_STANDINGS: Mapping[Standing, str] = {Standing.MEMBER: "full members", Standing.ADMIN: "workspace admins"}
_NOBODY: Mapping[Standing, str] = {
    Standing.GUEST: "guests",
    Standing.STRANGER: "people of other workspaces",
    Standing.BOT: "bots",
    Standing.DEACTIVATED: "deactivated accounts",
}


def people(everyone: Iterable[Who]) -> Mrkdwn:
    """`@release, @ann or full members`; nothing for nobody. Ids become mentions: refusals are private."""
    known = list(everyone)
    names: list[str] = sorted({group for who in known for group in who.groups})
    names += [mention(user) for user in sorted({user for who in known for user in who.users})]
    standings = {standing for who in known for standing in who.standings}
    widest = Standing.MEMBER if Standing.MEMBER in standings else Standing.ADMIN
    names += [_STANDINGS[widest]] if standings & _STANDINGS.keys() else []
    return _either(names)


def _either(names: list[str]) -> Mrkdwn:
    if len(names) < 2:
        return join(names)
    return md("{first} or {last}", first=join(names[:-1], ", "), last=names[-1])


def barred(standing: Standing, admins: str) -> Refuse:
    """Nothing for people of this standing."""
    return Refuse(f"default: nothing for {_NOBODY.get(standing, 'others')}", *_reason(standing, admins))


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


def ungranted(rules: Rules, actor: Actor, op: Operation, target: Target) -> Refuse:
    """No grant covers it: who may, or what of a grant does not fit."""
    about = [grant for grant in rules.grants if op.needs in grant.permissions]
    own = [grant for grant in about if includes(grant.who, actor)]
    if own:
        return _not_there(rules, own, actor, op, target)
    may = people(grant.who for grant in about if target == Target() or covers(grant, op.needs, target))
    built_in = bool(rules.grants) and all(grant.name.startswith("default: ") for grant in rules.grants)
    rule = f"default: {op.needs} is for {may or 'nobody'}" if built_in else f"no grant of {op.needs}"
    if not may:
        return Refuse(rule, md("Nobody may run `{op}`{at}.", op=op.name, at=at(target)), f"Ask {rules.admins}.")
    said = md("`{op}`{at} is for {may}.", op=op.name, at=at(target), may=may)
    return Refuse(rule, said, unresolved(actor, about) or f"Ask {rules.admins} to do it.")


def _not_there(rules: Rules, own: list[Grant], actor: Actor, op: Operation, target: Target) -> Refuse:
    """Somebody has the permission, but not for this pipeline, branch or channel."""
    grant = next((item for item in own if fits(item.pipelines, target.pipeline)), own[0])
    limits = md("Your grant “{name}” is for {limits}.", name=grant.name, limits=_limits(grant, actor))
    said = md("You may not run `{op}`{at} here.", op=op.name, at=at(target))
    others = [grant.who for grant in rules.grants if covers(grant, op.needs, target) and here(grant, actor)]
    ask = md("Ask {who} to do it.", who=people(others) or rules.admins)
    lost = unresolved(actor, [grant for grant in rules.grants if covers(grant, op.needs, target)])
    return Refuse(grant.name, said, md("{limits} {ask}", limits=limits, ask=lost or ask))


def _limits(grant: Grant, actor: Actor) -> Mrkdwn:
    """What a grant is limited to, in words."""
    parts = [md("pipelines {names}", names=_globs(grant.pipelines))] if grant.pipelines else []
    parts += [md("branches {names}", names=_globs(grant.branches))] if grant.branches else []
    if grant.channels is not None and actor.channel not in grant.channels:
        parts.append(md("{names} only", names=join(_channels(grant.channels), ", ")))
    return join(list(parts), ", ") or Mrkdwn("something else")


def _channels(channels: frozenset[str]) -> list[str]:
    return [Mrkdwn(f"<#{channel}>") for channel in sorted(channels) if channel.isalnum()]


def _globs(globs: tuple[str, ...]) -> Mrkdwn:
    return join([code(glob) for glob in globs], ", ")


def at(target: Target) -> Mrkdwn:
    """` on web, branch main`, as far as it is known."""
    if not target.pipeline:
        return Mrkdwn("")
    branch = md(", branch {name}", name=code(target.branch)) if target.branch else ""
    named = target.reach.names and not short_sha(target.commit or "")
    commit = md(", commit {name}", name=code(target.commit or "")) if named else ""
    return md(" on {name}{branch}{commit}", name=code(target.pipeline), branch=branch, commit=commit)


def unresolved(actor: Actor, grants: Iterable[Grant]) -> Mrkdwn | None:
    """Groups that might have helped, if anybody could say who is in them."""
    lost = sorted(frozenset().union(*(grant.who.groups for grant in grants)) & actor.unresolved)
    if not lost:
        return None
    return md(
        "I could not find out who is in {groups}: ask a workspace admin, or try again.", groups=_either(lost)
    )


def liberty(rules: Rules, permission: Permission, op: Operation, target: Target) -> Refuse:
    """A commit of one's own, or environment values, where branches are restricted."""
    what = "a commit other than HEAD" if permission is Permission.COMMIT else "environment values"
    may = people(grant.who for grant in rules.grants if covers(grant, permission, target))
    said = md(
        "`{op}`{at} with {what} needs `{permission}`: the policy restricts branches there.",
        op=op.name,
        at=at(target),
        what=what,
        permission=permission,
    )
    hint = md("Ask {may}.", may=may or rules.admins)
    return Refuse(f"policy: {permission} where branches are restricted", said, hint)


def frozen(rules: Rules, freeze: Freeze, target: Target, until: datetime) -> Refuse:
    """A freeze is on."""
    zone = freeze.window.zone or ZoneInfo("UTC")
    shown = until.astimezone(zone)
    end = f"{shown:%a} {shown.day} {shown:%b %H:%M} ({zone.key})"
    said = md(
        "{name} is frozen until {end}{reason}.",
        name=code(target.pipeline or "This"),
        end=end,
        reason=f": {freeze.reason.rstrip('.')}" if freeze.reason else "",
    )
    return Refuse(freeze.name, said, md("Ask {may}.", may=people([freeze.exempt]) or rules.admins))


def needs(op: Operation, ask: Ask) -> Mrkdwn:
    """A protected operation that nobody has approved."""
    return md("`{op}` is protected there: it needs {wanted}.", op=op.name, wanted=wanted(ask))


def wanted(ask: Ask) -> Mrkdwn:
    """How many have to agree, and who they are."""
    count = "an approval" if ask.count == 1 else f"{ask.count} approvals"
    may = people([ask.approvers]) if ask.approvers else Mrkdwn("those who may approve there")
    return md("{count} of {may} within {time}", count=count, may=may, time=spell_duration(ask.expires))
