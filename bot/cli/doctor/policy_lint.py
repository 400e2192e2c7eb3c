"""Finds names in a policy that match nothing, and approvals that can never be reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from bot.access.policy.rules import SERVICE_PREFIX, Globs, Grant, Principals, Protection, Rules, matches_any
from bot.operations.operation import Permission

Members = Mapping[str, frozenset[str]]
"""The user ids of each existing group, by its id and by its handle."""


def iterate_people(rules: Rules) -> Iterator[tuple[str, Principals]]:
    """Yield every rule's name with its people."""
    yield from ((grant.name, grant.principals) for grant in rules.grants)
    yield from (
        (protection.name, protection.approvers) for protection in rules.protections if protection.approvers
    )
    yield from ((freeze.name, freeze.exempt) for freeze in rules.freezes)


def find_users(rules: Rules) -> dict[str, str]:
    """Return the people named by id, each with the first rule that names them."""
    return _keep_first(
        (user, rule) for rule, people in iterate_people(rules) for user in sorted(people.users) if user[0] != "@"
    )


def find_groups(rules: Rules) -> dict[str, str]:
    """Return Slack's user groups named, each with the first rule that names it."""
    named = ((group, rule) for rule, people in iterate_people(rules) for group in sorted(people.groups))
    return _keep_first((group, rule) for group, rule in named if not group.startswith(SERVICE_PREFIX))


def find_channels(rules: Rules) -> dict[str, str]:
    """Return the channels named, each with the first rule that names it."""
    limited = [(channel, grant.name) for grant in rules.grants for channel in sorted(grant.channels or ())]
    limited += [(rule.channel, rule.name) for rule in rules.protections if rule.channel]
    return _keep_first([*limited, *((channel, "shared_channels") for channel in sorted(rules.shared_channels))])


def _keep_first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    first: dict[str, str] = {}
    for name, rule in pairs:
        first.setdefault(name, rule)
    return first


def find_unmatched_patterns(rules: Rules, slugs: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the patterns that match no pipeline, each with the rule that has it."""
    return tuple(
        (glob, name)
        for name, globs in _iterate_patterns(rules)
        for glob in globs
        if not any(matches_any((glob,), s) for s in slugs)
    )


def _iterate_patterns(rules: Rules) -> Iterator[tuple[str, Globs]]:
    yield from ((grant.name, grant.pipelines or ()) for grant in rules.grants)
    yield from ((protection.name, protection.pipelines) for protection in rules.protections)
    yield from ((freeze.name, freeze.pipelines) for freeze in rules.freezes)


def find_unapprovable(
    rules: Rules, members: Members, absent: Collection[str], slugs: Collection[str]
) -> tuple[tuple[Protection, int, str], ...]:
    """Return protections that can never be satisfied, with how many people could approve, and the pipeline.

    `absent` are the ids of users people may not do anything. A handle counts as one person.
    """
    return tuple(
        (rule, count, pipeline)
        for rule in rules.protections
        for count, pipeline in _find_shortages(rule, rules, members, absent, slugs)
    )


def _find_shortages(
    rule: Protection, rules: Rules, members: Members, absent: Collection[str], slugs: Collection[str]
) -> Iterator[tuple[int, str]]:
    if rule.approvers is not None:
        count = len(_collect_people([rule.approvers], members, absent))
        if count < rule.approvals:
            yield count, ""
        return
    for slug in sorted(slug for slug in slugs if matches_any(rule.pipelines, slug)):
        holders = [grant for grant in rules.grants if _may_approve(grant, slug)]
        count = len(_collect_people([holder.principals for holder in holders], members, absent))
        if count < rule.approvals and not any(holder.principals.standings for holder in holders):
            yield count, slug


def _may_approve(grant: Grant, slug: str) -> bool:
    return Permission.APPROVE in grant.permissions and matches_any(grant.pipelines, slug)


def _collect_people(principals: Iterable[Principals], members: Members, absent: Collection[str]) -> frozenset[str]:
    everyone = list(principals)
    in_groups = frozenset().union(
        *(members.get(group, frozenset()) for people in everyone for group in people.groups)
    )
    return in_groups | frozenset(user for people in everyone for user in people.users if user not in absent)
