"""The parts of a policy (grants, protections, freezes), the three verdicts, and how rules match a target.

Rules that allow and rules that restrict treat the unknown in opposite ways: an unknown name matches no grant, but
it may be anything that is protected or frozen. So a lookup that fails can only make a verdict stricter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property

from bot.errors import Refused
from bot.operations.git_names import (
    CommitReach,
    find_commit_reach,
    is_short_sha,
    names_read_as,
    normalise_reported_branch,
    normalise_reported_slug,
)
from bot.operations.operation import Operation, Permission
from bot.runtime.time_windows import TimeWindow
from bot.slack.types import Actor, Standing

FULL_MEMBERS = frozenset({Standing.MEMBER, Standing.ADMIN})
GUARDABLE_VERBS = ("create", "rebuild", "unblock", "retry", "cancel")
GUARDED_VERBS = frozenset(GUARDABLE_VERBS) - {"cancel"}
"""Verbs that protections, freezes and locks cover by default. Canceling stays free, for incidents."""
SERVICE_PREFIX = "service:"
"""Begins the name of the group of a service: `service:release-bot`. No group in Slack can be called that."""
Globs = tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """The object of an operation; a part is None if the operation has no such part.

    `commit` is None for HEAD; `has_env` is true if environment values are set; `source` is a second pipeline
    that is only read. Pipeline and branch are normalised here, and not only where people type them, because
    Buildkite also reports names such as `refs/heads/main`.
    """

    pipeline: str | None = None
    branch: str | None = None
    commit: str | None = None
    has_env: bool = False
    source: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", normalise_reported_slug(self.source) if self.source else None)
        object.__setattr__(self, "pipeline", normalise_reported_slug(self.pipeline) if self.pipeline else None)
        object.__setattr__(
            self, "branch", (normalise_reported_branch(self.branch) or None) if self.branch else None
        )

    @cached_property
    def reach(self) -> CommitReach:
        """Return the branches whose code the commit may name."""
        return find_commit_reach(self.commit)

    @cached_property
    def branches(self) -> frozenset[str]:
        """Return the build's own branch, its look-alikes, and the branches that the commit may name."""
        return (names_read_as(self.branch) if self.branch else frozenset()) | self.reach.names


@dataclass(frozen=True)
class Principals:
    """People that a rule names: `users` by id or handle (`@ann`), `groups` by id or handle (`S…`, `@release`)."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    standings: frozenset[Standing] = frozenset()


@dataclass(frozen=True)
class Grant:
    """A rule that gives people permissions; None means all pipelines, branches or channels."""

    name: str
    principals: Principals
    permissions: frozenset[Permission]
    pipelines: Globs | None = None
    branches: Globs | None = None
    channels: frozenset[str] | None = None


@dataclass(frozen=True)
class Protection:
    """A rule that requires approvals; without `approvers`, people with the `approve` permission can give them.

    The requester's own approval never counts. `channel` is where a request waits that no approver would see where
    it was made.
    """

    name: str
    pipelines: Globs
    approvers: Principals | None = None
    operations: frozenset[str] = GUARDED_VERBS
    branches: Globs | None = None
    approvals: int = 1
    expires: timedelta = timedelta(minutes=30)
    channel: str | None = None


@dataclass(frozen=True)
class Freeze:
    """A rule that refuses everyone but the exempt for a period of time."""

    name: str
    pipelines: Globs
    window: TimeWindow
    exempt: Principals = field(default_factory=Principals)
    reason: str = ""
    operations: frozenset[str] = GUARDED_VERBS


@dataclass(frozen=True)
class Rules:
    """The whole policy. Anything that no grant allows is refused; `admins` names the people to contact then.

    `shared_channels` are ids and names (`#partners`) of channels in which the bot may post although another
    organization reads them.
    """

    grants: tuple[Grant, ...] = ()
    protections: tuple[Protection, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    admins: str = "a workspace admin"
    shared_channels: frozenset[str] = frozenset()

    def find_grants(self, permission: Permission) -> tuple[Grant, ...]:
        """Return the grants of a permission, with those that protections imply."""
        implied = self.approver_grants if permission is Permission.APPROVE else ()
        return tuple(grant for grant in self.grants if permission in grant.permissions) + implied

    @property
    def approver_grants(self) -> tuple[Grant, ...]:
        """Return the grants of `approve` that protections imply: people who are named as approvers may vote.

        They open the vote only. Whether it counts depends on the proposal's own protection.
        """
        return tuple(
            Grant(rule.name, rule.approvers, frozenset({Permission.APPROVE}), rule.pipelines)
            for rule in self.protections
            if rule.approvers
        )

    @property
    def groups(self) -> frozenset[str]:
        """Every user group of Slack that a rule names; the groups of services aren't Slack's."""
        named = [grant.principals for grant in self.grants] + [freeze.exempt for freeze in self.freezes]
        named += [protection.approvers for protection in self.protections if protection.approvers]
        groups = frozenset[str]().union(*(principals.groups for principals in named))
        return frozenset(group for group in groups if not group.startswith(SERVICE_PREFIX))

    def depends_on_branch(self, pipeline: str | None) -> bool:
        """Return whether any rule for this pipeline depends on the branch."""
        pipeline = normalise_reported_slug(pipeline) if pipeline else None
        grants = any(grant.branches is not None and _may_match(grant.pipelines, pipeline) for grant in self.grants)
        return grants or any(
            protect.branches is not None and _may_match(protect.pipelines, pipeline)
            for protect in self.protections
        )


@dataclass(frozen=True)
class Allow:
    """Allowed by the rule with this name."""

    rule: str


@dataclass(frozen=True)
class Refuse:
    """Refused by the rule with this name; `message` gives the reason in one sentence, `hint` says who can help."""

    rule: str
    message: str
    hint: str = field(default="")

    def make_error(self) -> Refused:
        """Return the error that explains it to the person."""
        return Refused(self.message, self.hint, self.rule)


@dataclass(frozen=True)
class ApprovalRequirement:
    """Allowed once `count` of the `approvers` agree within `expires`.

    Without `approvers`, people with the `approve` permission on the target can agree.
    """

    rule: str
    approvers: Principals | None
    count: int
    expires: timedelta
    channel: str | None = None


Verdict = Allow | Refuse | ApprovalRequirement


def matches_actor(principals: Principals, actor: Actor) -> bool:
    """Return whether a rule names this person. Strangers, bots and deactivated accounts never match.

    Guests match by id only: an id is a deliberate choice, while a group may include a guest by accident. A service
    matches by its own group only.
    """
    if actor.standing is Standing.SERVICE:
        return bool(principals.groups & actor.groups)
    if actor.standing not in FULL_MEMBERS:
        return actor.standing is Standing.GUEST and actor.id in principals.users
    handle = f"@{actor.handle.lower()}" if actor.handle else actor.id
    named = actor.id in principals.users or handle in principals.users
    return named or bool(principals.groups & actor.groups) or actor.standing in principals.standings


def matches_any(globs: Globs | None, name: str | None) -> bool:
    """Return whether a rule that allows matches the name; an unknown name matches no pattern."""
    return globs is None or (name is not None and any(fnmatchcase(name, glob) for glob in globs))


def _may_match(globs: Globs | None, name: str | None) -> bool:
    """Return whether a rule that restricts may match the name; an unknown name may be anything."""
    return name is None or matches_any(globs, name)


def _matches_every_branch(globs: Globs | None, target: Target) -> bool:
    """Return whether a rule that allows matches every branch of the target.

    An abbreviated SHA doesn't count as a branch: the `commit` permission covers it.
    """
    exempt = target.reach.names if is_short_sha(target.commit or "") else frozenset[str]()
    required = target.branches - exempt
    return matches_any(globs, target.branch) and all(matches_any(globs, name) for name in required)


def may_match_branch(globs: Globs | None, target: Target) -> bool:
    """Return whether a rule that restricts may match any branch of the target; an unknown one may be anything."""
    unknown = target.branch is None or target.reach.guess
    return globs is None or unknown or any(matches_any(globs, name) for name in target.branches)


def applies_to_target(grant: Grant, permission: Permission, target: Target) -> bool:
    """Return whether a grant gives this permission on this target; `help` needs no target."""
    if permission is Permission.HELP:
        return permission in grant.permissions
    matches = matches_any(grant.pipelines, target.pipeline) and _matches_every_branch(grant.branches, target)
    return permission in grant.permissions and matches


def applies_in_channel(grant: Grant, actor: Actor) -> bool:
    """Return whether a grant is valid in the channel of the request."""
    return grant.channels is None or actor.channel in grant.channels


def is_guarded(operations: frozenset[str], pipelines: Globs, op: Operation, target: Target) -> bool:
    """Return whether a protection or freeze of these verbs and pipelines may cover the operation."""
    listed = op.needs is Permission.BUILD and op.noun in ("build", "job") and op.verb in operations
    return listed and _may_match(pipelines, target.pipeline)


def is_protected(rule: Protection, op: Operation, target: Target) -> bool:
    """Return whether a protection may cover the operation; an unknown branch counts as protected."""
    return is_guarded(rule.operations, rule.pipelines, op, target) and may_match_branch(rule.branches, target)
