"""Filters names for a person: what a menu, a suggestion or a choice may show, by the permission to read. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.access.policy.decide import may_read
from bot.access.policy.rules import Rules, Target
from bot.buildkite.naming import MayName, NameKind
from bot.slack.types import Actor


def make_name_filter(rules: Rules, actor: Actor, *, anywhere: bool = False) -> MayName:
    """Return the function that says which names this person may be shown in their channel.

    A pipeline may be named if the person may read builds of some branch. Agents, queues, clusters, teams and
    templates belong to no pipeline: as for listing them, reading must be allowed on all pipelines. With `anywhere`
    the channel is yet to be chosen.
    """
    if anywhere:
        rules = replace(rules, grants=tuple(replace(grant, channels=None) for grant in rules.grants))
    some_branch = replace(rules, grants=tuple(replace(grant, branches=None) for grant in rules.grants))

    def may_name(kind: NameKind, name: str, pipeline: str | None = None) -> bool:
        if kind == "pipeline":
            return may_read(some_branch, actor, Target(name))
        return may_read(rules, actor, Target(pipeline, name) if kind == "branch" else Target())

    return may_name
