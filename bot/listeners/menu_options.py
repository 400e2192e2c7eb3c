"""Finds the options of a form's menus: the names that the person may read in the form's channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.access.accounts.service import Accounts
from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.naming import Option
from bot.listeners.form_metadata import parse_metadata
from bot.notifications.subscriptions.globs import is_literal
from bot.operations.choices import Choices
from bot.operations.registry import Registry
from bot.slack.people import PeopleDirectory

PIPELINE_PATTERN = "pipeline pattern"
RecentBranches = Callable[[str], Awaitable[tuple[str, ...]]]


class MenuOptions:
    """Answers menus. `catalog` is for people without a token; `recent_branches` returns those of a pipeline."""

    def __init__(
        self,
        registry: Registry,
        choices: Choices,
        people: PeopleDirectory,
        accounts: Accounts,
        policy: PolicyService,
        catalog: Catalog,
        recent_branches: RecentBranches,
    ) -> None:
        self._registry = registry
        self._choices = choices
        self._people = people
        self._accounts = accounts
        self._policy = policy
        self._catalog = catalog
        self._recent_branches = recent_branches

    async def find(self, user: str, form: str, kind: str, typed: str, pipeline: str | None) -> tuple[Option, ...]:
        """Return options of a menu; none if the form isn't this person's, or if they may do nothing with it.

        `form` is the id of the form's choice; `pipeline` is the one that is chosen in it. Raises KitestringError.
        """
        choice = await self._choices.find(form)
        op = self._registry.find(choice.operation) if choice else None
        if choice is None or op is None or choice.user != user or not choice.form:
            return ()
        anywhere = parse_metadata(choice.args).placed
        actor = await self._people.find_actor(user, choice.thread, "form")
        if self._policy.find_blanket_refusal(actor, op, anywhere=anywhere):
            return ()
        own = await self._accounts.find_access(actor.team, actor.id)
        may_name = self._policy.make_name_filter(actor, anywhere=anywhere)
        catalog = (own.catalog if own else self._catalog).for_person(may_name)
        branches = await self._recent_branches(pipeline) if kind == "branch" and pipeline else ()
        if kind == PIPELINE_PATTERN:
            return (*_suggest_pattern(typed), *await catalog.suggest("pipeline", typed))
        return await catalog.suggest(kind, typed, pipeline, branches)


def _suggest_pattern(typed: str) -> tuple[Option, ...]:
    """Return what was typed as a pattern of pipelines, or the one for all; a menu lets no other text through."""
    pattern = typed.strip()
    if pattern in ("", "*"):
        return (("* (every pipeline)", "*"),)
    return () if is_literal(pattern) else ((pattern, pattern),)
