"""What a policy is made of: grants, protections, freezes, and the three verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property

from bot.operations.git_names import Reach, alike, reach_of, short_sha, tidy, tidy_slug
from bot.operations.operation import Operation, Permission
from bot.runtime.time_windows import TimeWindow
from bot.slack.types import Actor, Standing

FULL_MEMBERS = frozenset({Standing.MEMBER, Standing.ADMIN})
GUARDABLE_VERBS = ("create", "rebuild", "unblock", "retry", "cancel")
GUARDED_VERBS = frozenset(GUARDABLE_VERBS) - {"cancel"}
"""What protections, freezes and locks are about, unless they say otherwise."""
Globs = tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """What an operation is about to touch; None where it touches nothing of that kind.

    `commit` is None for HEAD; `has_env` says that environment values are set. Pipeline and branch are kept in the
    form that rules compare, whoever names them.
    """

    pipeline: str | None = None
    branch: str | None = None
    commit: str | None = None
    has_env: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pipeline", tidy_slug(self.pipeline) if self.pipeline else None)
        object.__setattr__(self, "branch", (tidy(self.branch) or None) if self.branch else None)

    @cached_property
    def reach(self) -> Reach:
        """Return the branches whose code the commit may name."""
        return reach_of(self.commit)

    @cached_property
    def branches(self) -> frozenset[str]:
        """Return the build's own branch, what people read in its name, and what the commit names."""
        return (alike(self.branch) if self.branch else frozenset()) | self.reach.names


@dataclass(frozen=True)
class Principals:
    """People: `users` are ids and handles (`@ann`), `groups` likewise (`S…`, `@release`)."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    standings: frozenset[Standing] = frozenset()


@dataclass(frozen=True)
class Grant:
    """A rule that allows: these people get these permissions; None means all pipelines, branches, channels."""

    name: str
    principals: Principals
    permissions: frozenset[Permission]
    pipelines: Globs | None = None
    branches: Globs | None = None
    channels: frozenset[str] | None = None


@dataclass(frozen=True)
class Protection:
    """A rule that asks for approvals, never the requester's own; without `approvers` of those with `approve`."""

    name: str
    pipelines: Globs
    approvers: Principals | None = None
    operations: frozenset[str] = GUARDED_VERBS
    branches: Globs | None = None
    approvals: int = 1
    expires: timedelta = timedelta(minutes=30)


@dataclass(frozen=True)
class Freeze:
    """A rule that refuses for a while, but for those excepted."""

    name: str
    pipelines: Globs
    window: TimeWindow
    exempt: Principals = field(default_factory=Principals)
    reason: str = ""
    operations: frozenset[str] = GUARDED_VERBS


@dataclass(frozen=True)
class Rules:
    """The policy: what no grant allows is refused; `admins` says whom a refused person can ask.

    `shared_channels` are ids and names (`#partners`) of channels shared with another organization in which the
    bot may speak all the same.
    """

    grants: tuple[Grant, ...] = ()
    protections: tuple[Protection, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    admins: str = "a workspace admin"
    shared_channels: frozenset[str] = frozenset()

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that a rule names."""
        people = [grant.principals for grant in self.grants] + [freeze.exempt for freeze in self.freezes]
        people += [protect.approvers for protect in self.protections if protect.approvers]
        return frozenset().union(*(who.groups for who in people))

    def depends_on_branch(self, pipeline: str | None) -> bool:
        """Whether some rule about this pipeline looks at the branch."""
        pipeline = tidy_slug(pipeline) if pipeline else None
        grants = any(grant.branches is not None and _may_match(grant.pipelines, pipeline) for grant in self.grants)
        return grants or any(
            protect.branches is not None and _may_match(protect.pipelines, pipeline) for protect in self.protections
        )


@dataclass(frozen=True)
class Allow:
    """Allowed, by the rule of this name."""

    rule: str


@dataclass(frozen=True)
class Refuse:
    """Refused, by the rule of this name: what happened in one sentence, and who can help."""

    rule: str
    message: str
    hint: str = field(default="")


@dataclass(frozen=True)
class ApprovalRequirement:
    """Allowed once `count` of the `approvers` agree within `expires`; None: those who hold `approve` there."""

    rule: str
    approvers: Principals | None
    count: int
    expires: timedelta


Verdict = Allow | Refuse | ApprovalRequirement


def matches_actor(who: Principals, actor: Actor) -> bool:
    """Whether somebody is meant. Guests only by their id; strangers, bots and deactivated accounts never."""
    if actor.standing not in FULL_MEMBERS:
        return actor.standing is Standing.GUEST and actor.id in who.users
    handle = f"@{actor.handle.lower()}" if actor.handle else actor.id
    named = actor.id in who.users or handle in who.users
    return named or bool(who.groups & actor.groups) or actor.standing in who.standings


def matches_any(globs: Globs | None, name: str | None) -> bool:
    """For rules that allow: a name that is not known fits no pattern."""
    return globs is None or (name is not None and any(fnmatchcase(name, glob) for glob in globs))


def _may_match(globs: Globs | None, name: str | None) -> bool:
    """For rules that restrict: a name that is not known may be any."""
    return name is None or matches_any(globs, name)


def _matches_every_branch(globs: Globs | None, target: Target) -> bool:
    """Return whether a rule that allows is about every branch of the target.

    An abbreviated SHA is left out: it is a commit, for which there is a permission.
    """
    passing = target.reach.names if short_sha(target.commit or "") else frozenset[str]()
    about = target.branches - passing
    return matches_any(globs, target.branch) and all(matches_any(globs, name) for name in about)


def may_match_branch(globs: Globs | None, target: Target) -> bool:
    """Return whether a rule that restricts is about any branch of the target; what is not known may be any."""
    unknown = target.branch is None or target.reach.guess
    return globs is None or unknown or any(matches_any(globs, name) for name in target.branches)


def applies_to_target(grant: Grant, permission: Permission, target: Target) -> bool:
    """Whether a grant is about this permission on this target; help is about no target."""
    if permission is Permission.HELP:
        return permission in grant.permissions
    there = matches_any(grant.pipelines, target.pipeline) and _matches_every_branch(grant.branches, target)
    return permission in grant.permissions and there


def applies_in_channel(grant: Grant, actor: Actor) -> bool:
    """Whether a grant holds in the channel that was asked in."""
    return grant.channels is None or actor.channel in grant.channels


def is_guarded(operations: frozenset[str], pipelines: Globs, op: Operation, target: Target) -> bool:
    """Whether a protection or freeze of these is about this operation there."""
    about = op.needs is Permission.BUILD and op.noun in ("build", "job") and op.verb in operations
    return about and _may_match(pipelines, target.pipeline)


def is_protected(rule: Protection, op: Operation, target: Target) -> bool:
    """Whether a protection is about this operation there; of an unknown branch it is."""
    return is_guarded(rule.operations, rule.pipelines, op, target) and may_match_branch(rule.branches, target)
