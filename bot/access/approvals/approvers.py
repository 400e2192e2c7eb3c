"""Finds the people who may approve a request, as far as they can be known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.policy.policy_wording import list_principals
from bot.access.policy.rules import ApprovalRequirement, Principals, Rules, Target, matches_any
from bot.operations.operation import Permission
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.people import PeopleDirectory


@dataclass(frozen=True)
class Audience:
    """Those who may approve: `users` are the ids that are known, `text` mentions everyone.

    `complete` is False if there may be others, such as all members of the workspace.
    """

    text: Mrkdwn
    users: tuple[str, ...]
    complete: bool


class ApproverFinder:
    """Finds approvers by the current rules: those that a protection names, or else whom grants let approve."""

    def __init__(self, people: PeopleDirectory, rules: Callable[[], Rules]) -> None:
        self._people = people
        self._rules = rules

    async def find(self, requirement: ApprovalRequirement, target: Target) -> Audience:
        """Return those who may approve. What Slack doesn't say stays unknown."""
        named = [requirement.approvers] if requirement.approvers else self._find_granted(target)
        ids, users, complete = {}, set[str](), not any(principals.standings for principals in named)
        for name in sorted({name for principals in named for name in principals.groups | principals.users}):
            found = await self._people.find_by_name(name)
            complete = complete and found is not None
            if found:
                ids[name] = found.id
                users |= found.users
        return Audience(list_principals(named, ids), tuple(sorted(users)), complete)

    def _find_granted(self, target: Target) -> list[Principals]:
        """Return whom a grant lets approve there, whatever the branch: a vote is judged exactly when it's cast."""
        grants = self._rules().find_grants(Permission.APPROVE)
        return [grant.principals for grant in grants if matches_any(grant.pipelines, target.pipeline)]
