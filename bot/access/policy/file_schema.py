"""The tables and keys of a policy file, with the values that each takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from bot.operations.name_types import Branches, Slugs
from bot.operations.operation import Permission
from bot.runtime.durations import DURATION_EXAMPLES, parse_duration
from bot.runtime.time_windows import DAYS
from bot.runtime.toml_file import InvalidTable, TomlTable, Zone, match_pattern

_EDGE = re.compile(rf"({'|'.join(DAYS)})\w* +(\d\d?:\d\d)", re.IGNORECASE)
_USER = re.compile(r"[UW][A-Z0-9]{2,}|@[\w.-]+")
_GROUP = re.compile(r"S[A-Z0-9]{2,}|@[\w.-]+|service:[a-z0-9][a-z0-9-]*")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")
_SHARED_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}|#[\w.-]{1,80}")
_WITHOUT_PIPELINE = {Permission.AGENTS, Permission.ADMIN}


def _parse_clock_time(text: Any) -> time:
    try:
        return datetime.strptime(str(text), "%H:%M").time()  # noqa: DTZ007  (a time of day, in the zone beside it)
    except ValueError:
        raise ValueError('it should be a time such as "22:00"') from None


def _parse_edge(value: Any) -> Any:
    """Parse `Fri 16:00` or a date and time."""
    if isinstance(value, datetime):
        return value
    found = _EDGE.fullmatch(str(value).strip())
    if found:
        return DAYS.index(found[1].title()), _parse_clock_time(found[2])
    try:
        return datetime.fromisoformat(str(value)) if len(str(value)) > 10 else _refuse_edge()
    except ValueError:
        return _refuse_edge()


def _refuse_edge() -> Any:
    raise ValueError('it should be a weekday and time such as "Fri 16:00", or a date such as 2026-12-23T18:00:00')


def _parse_exempt(value: Any) -> Any:
    """Accept a list of groups (`@release`, `S…`) and user ids in place of the table."""
    if not isinstance(value, list):
        return value
    users = [name for name in value if isinstance(name, str) and re.match(r"[UW][A-Z0-9]", name)]
    return {"users": users, "groups": [name for name in value if name not in users]}


def _parse_expiry(value: Any) -> Any:
    try:
        return parse_duration(str(value))
    except ValueError:
        raise ValueError(f"it should be {DURATION_EXAMPLES}") from None


Name = Annotated[str, Field(min_length=1, max_length=80)]
User = Annotated[str, match_pattern(_USER, 'a user id such as "U012ABCDEF", or a handle such as "@ann"')]
UserGroup = Annotated[
    str,
    match_pattern(
        _GROUP,
        'the id of a user group such as "S012ABCDEF", a handle such as "@release", or a service such as '
        '"service:release-bot"',
    ),
]
Channel = Annotated[str, match_pattern(_CHANNEL, 'the id of a channel such as "C012ABCDEF"')]
ApprovalChannel = Annotated[
    str, match_pattern(re.compile(r"[CG][A-Z0-9]{2,}"), 'the id of a channel such as "C012ABCDEF"')
]
SharedChannel = Annotated[
    str,
    match_pattern(_SHARED_CHANNEL, 'the id of a channel such as "C012ABCDEF", or its name such as "#partners"'),
]
Verb = Literal["create", "rebuild", "unblock", "retry", "cancel"]
Day = Annotated[str, match_pattern(re.compile("|".join(DAYS)), "one of " + ", ".join(DAYS))]


class PeopleTable(TomlTable):
    """Users and user groups."""

    users: tuple[User, ...] = ()
    groups: tuple[UserGroup, ...] = ()


class GrantTable(PeopleTable):
    """`[[grant]]`"""

    name: Name
    standings: tuple[Literal["member", "admin"], ...] = ()
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1)]
    pipelines: Slugs | None = None
    branches: Branches | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> GrantTable:
        if not (self.users or self.groups or self.standings):
            raise InvalidTable("it applies to no one: add `users`, `groups` or `standings`")
        alone = sorted(_WITHOUT_PIPELINE & set(self.permissions))
        if alone and (self.pipelines or self.branches):
            raise InvalidTable(
                f"`{alone[0]}` doesn't depend on pipelines: move it to a grant of its own", "permissions"
            )
        return self


class ProtectTable(TomlTable):
    """`[[protect]]`"""

    name: Name
    pipelines: Slugs
    operations: Annotated[tuple[Verb, ...], Field(min_length=1)] | None = None
    branches: Branches | None = None
    approvers: PeopleTable | None = None
    approvals: Annotated[int, Field(ge=1, le=20)] = 1
    approval_channel: ApprovalChannel | None = None
    expires: Annotated[Any, BeforeValidator(_parse_expiry)] = "30m"

    @model_validator(mode="after")
    def _possible(self) -> ProtectTable:
        if self.approvers is None:
            return self
        if any(group.startswith("service:") for group in self.approvers.groups):
            raise InvalidTable("a service can't approve: name people or their groups", "approvers")
        if not (self.approvers.users or self.approvers.groups):
            raise InvalidTable("`approvers` is empty: add `users` or `groups`", "approvers")
        if not self.approvers.groups and len(set(self.approvers.users)) < self.approvals:
            raise InvalidTable("it requires more `approvals` than there are `approvers`", "approvals")
        return self


class _ClosingTable(TomlTable):
    """The keys that freezes and quiet hours share."""

    name: Name | None = None
    pipelines: Slugs
    zone: Zone = None
    exempt: Annotated[PeopleTable, BeforeValidator(_parse_exempt), Field(alias="except")] = PeopleTable()
    reason: Annotated[str, Field(max_length=200)] = ""
    operations: Annotated[tuple[Verb, ...], Field(min_length=1)] | None = None


class FreezeTable(_ClosingTable):
    """`[[freeze]]`"""

    begins: Annotated[Any, BeforeValidator(_parse_edge), Field(alias="from")]
    until: Annotated[Any, BeforeValidator(_parse_edge)]

    @model_validator(mode="after")
    def _check(self) -> FreezeTable:
        once = isinstance(self.begins, datetime)
        if once is not isinstance(self.until, datetime):
            raise InvalidTable("`from` and `until` must both be weekdays, or both be dates", "until")
        if self.zone is None and not (once and self.begins.tzinfo and self.until.tzinfo):
            raise InvalidTable('it needs `zone`, such as "Europe/London"')
        if self.begins == self.until or (
            once and self.resolve_moment(self.begins) >= self.resolve_moment(self.until)
        ):
            raise InvalidTable("`until` must come after `from`", "until")
        return self

    def resolve_moment(self, edge: datetime) -> AwareDatetime:
        """Return a date and time in UTC; one without an offset is in the table's zone."""
        return (edge if edge.tzinfo else edge.replace(tzinfo=self.zone)).astimezone(UTC)


class QuietTable(_ClosingTable):
    """`[[quiet]]`"""

    begins: Annotated[Any, BeforeValidator(_parse_clock_time), Field(alias="from")]
    until: Annotated[Any, BeforeValidator(_parse_clock_time)]
    days: Annotated[tuple[Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ...], Field(min_length=1)] = (
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
    )  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> QuietTable:
        if self.zone is None:
            raise InvalidTable('it needs `zone`, such as "Europe/London"')
        if self.begins == self.until:
            raise InvalidTable("`until` must come after `from`", "until")
        return self


class ExpectTable(TomlTable):
    """`[[expect]]`: a command and its expected verdict; `branch` is that of a build given by its number."""

    user: Annotated[str, Field(min_length=1)]
    does: Annotated[str, Field(min_length=1)]
    result: Literal["allow", "refuse", "ask"]
    standing: Literal["member", "admin", "guest", "stranger", "bot", "deactivated", "service"] = "member"
    groups: tuple[UserGroup, ...] = ()
    channel: Channel | None = None
    branch: str | None = None
    at: Annotated[AwareDatetime, Field(strict=False)] | None = None
    rule: str | None = None


class ExpectationsDocument(TomlTable):
    """A file with nothing but expectations."""

    expect: tuple[ExpectTable, ...] = ()


class PolicyDocument(ExpectationsDocument):
    """A policy file."""

    admins: Annotated[str, Field(min_length=1, max_length=200)] = "a workspace admin"
    shared_channels: tuple[SharedChannel, ...] = ()
    grant: tuple[GrantTable, ...] = ()
    protect: tuple[ProtectTable, ...] = ()
    freeze: tuple[FreezeTable, ...] = ()
    quiet: tuple[QuietTable, ...] = ()


POLICY_TABLES: Mapping[str, type[TomlTable]] = {
    "": PolicyDocument,
    "grant": GrantTable,
    "protect": ProtectTable,
    "approvers": PeopleTable,
    "freeze": FreezeTable,
    "except": PeopleTable,
    "quiet": QuietTable,
    "expect": ExpectTable,
}
