"""What a policy names that is not there, and what it asks for that nobody can give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from bot.access.policy.rules import Globs, Grant, Protect, Rules, Who, fits
from bot.operations.operation import Permission

Members = Mapping[str, frozenset[str]]
"""The user ids of each group that is known, by its id and by its handle."""


def named(rules: Rules) -> Iterator[tuple[str, Who]]:
    """Every rule's people, with its name."""
    yield from ((grant.name, grant.who) for grant in rules.grants)
    yield from ((protect.name, protect.approvers) for protect in rules.protects if protect.approvers)
    yield from ((freeze.name, freeze.exempt) for freeze in rules.freezes)


def users(rules: Rules) -> dict[str, str]:
    """The people that are named by id, each with the first rule that does."""
    return _first((user, rule) for rule, who in named(rules) for user in sorted(who.users) if user[0] != "@")


def groups(rules: Rules) -> dict[str, str]:
    """The user groups that are named, each with the first rule that does."""
    return _first((group, rule) for rule, who in named(rules) for group in sorted(who.groups))


def channels(rules: Rules) -> dict[str, str]:
    """The channels that are named, each with the first rule that does."""
    limited = [(channel, grant.name) for grant in rules.grants for channel in sorted(grant.channels or ())]
    return _first([*limited, *((channel, "shared_channels") for channel in sorted(rules.shared_channels))])


def _first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for what, rule in pairs:
        found.setdefault(what, rule)
    return found


def idle(rules: Rules, slugs: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Patterns that fit no pipeline: the pattern, and the rule that it stands in."""
    return tuple(
        (glob, name) for name, globs in _globs(rules) for glob in globs if not any(fits((glob,), s) for s in slugs)
    )


def _globs(rules: Rules) -> Iterator[tuple[str, Globs]]:
    yield from ((grant.name, grant.pipelines or ()) for grant in rules.grants)
    yield from ((protect.name, protect.pipelines) for protect in rules.protects)
    yield from ((freeze.name, freeze.pipelines) for freeze in rules.freezes)


def unapprovable(
    rules: Rules, members: Members, absent: Collection[str], slugs: Collection[str]
) -> tuple[tuple[Protect, int, str], ...]:
    """Protections that can never be satisfied: how many people could approve, and on which pipeline.

    `absent` are user ids that belong to nobody who may do anything. A handle counts as one person.
    """
    return tuple(
        (rule, most, place)
        for rule in rules.protects
        for most, place in _lacking(rule, rules, members, absent, slugs)
    )


def _lacking(
    rule: Protect, rules: Rules, members: Members, absent: Collection[str], slugs: Collection[str]
) -> Iterator[tuple[int, str]]:
    if rule.approvers is not None:
        there = len(_people([rule.approvers], members, absent))
        if there < rule.approvals:
            yield there, ""
        return
    for slug in sorted(slug for slug in slugs if fits(rule.pipelines, slug)):
        holders = [grant for grant in rules.grants if _may_approve(grant, slug)]
        there = len(_people([holder.who for holder in holders], members, absent))
        if there < rule.approvals and not any(holder.who.standings for holder in holders):
            yield there, slug


def _may_approve(grant: Grant, slug: str) -> bool:
    return Permission.APPROVE in grant.permissions and fits(grant.pipelines, slug)


def _people(everyone: Iterable[Who], members: Members, absent: Collection[str]) -> frozenset[str]:
    known = list(everyone)
    in_groups = frozenset().union(*(members.get(group, frozenset()) for who in known for group in who.groups))
    return in_groups | frozenset(user for who in known for user in who.users if user not in absent)
