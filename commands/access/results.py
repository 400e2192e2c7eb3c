"""Results about rights: the audit, locks, proposals, accounts, and what a person may do."""

from __future__ import annotations

from typing import Literal

from bot.access.accounts.model import Account, find_missing_scopes
from bot.access.api_tokens.model import ApiToken
from bot.access.locks.rules import Lock
from bot.access.queries import AuditEntry
from bot.operations.results import Data, Result, UtcTime

VerdictName = Literal["allowed", "needs_approval", "refused"]


class AuditEntryData(Data, frozen=True):
    """The outcome of a request; `user` and `channel` are Slack's ids, and secret arguments are masked."""

    at: UtcTime
    invocation: str | None
    user: str | None
    channel: str | None
    via: str | None
    operation: str
    outcome: str
    rule: str | None
    arguments: dict[str, object]

    @classmethod
    def from_entry(cls, entry: AuditEntry) -> AuditEntryData:
        return cls(
            at=entry.at,
            invocation=entry.invocation,
            user=entry.user,
            channel=entry.channel,
            via=entry.via,
            operation=entry.operation,
            outcome=entry.transition,
            rule=entry.detail.get("rule"),
            arguments=entry.detail.get("args") or {},
        )


class AuditEntries(Result, frozen=True):
    """Entries of the audit log, the newest first."""

    entries: tuple[AuditEntryData, ...]


class LockData(Data, frozen=True):
    """A lock on a pipeline; `branch` is a pattern, None for every branch. `holder` is Slack's id of a person."""

    pipeline: str
    branch: str | None
    reason: str
    holder: str
    until: UtcTime

    @classmethod
    def from_lock(cls, lock: Lock) -> LockData:
        return cls(
            pipeline=lock.pipeline, branch=lock.branch, reason=lock.reason, holder=lock.holder, until=lock.until
        )


class LockResult(Result, frozen=True):
    """A lock; `taken_from` is Slack's id of the person whose lock it replaces."""

    lock: LockData
    taken_from: str | None


class LockList(Result, frozen=True):
    """Locks."""

    locks: tuple[LockData, ...]


class ProposalResult(Result, frozen=True):
    """A proposal, by its id."""

    proposal: str


class PermissionCheck(Result, frozen=True):
    """The verdict on a command; `rule` is the policy's rule that it follows from."""

    operation: str
    verdict: VerdictName
    rule: str | None


class AccountResult(Result, frozen=True):
    """A person's own account in Buildkite; None if they aren't connected."""

    account: AccountData | None


class AccountData(Data, frozen=True):
    """An account in Buildkite, with the scopes of its token, and those that it would need as well."""

    name: str
    email: str
    scopes: tuple[str, ...]
    missing_scopes: tuple[str, ...]
    connected_at: UtcTime
    expires_at: UtcTime | None

    @classmethod
    def from_account(cls, account: Account) -> AccountData:
        return cls(
            name=account.name,
            email=account.email,
            scopes=account.scopes,
            missing_scopes=tuple(scope for scope, _purpose in find_missing_scopes(account.scopes)),
            connected_at=account.connected_at,
            expires_at=account.expires_at,
        )


class ApiTokenData(Data, frozen=True):
    """An API token, but for the token itself. `owner` and `channel` are Slack's ids.

    `service` names the policy group of a program that acts for itself. `permissions` and `pipelines` are what it's
    limited to; None and empty are no limit.
    """

    id: str
    name: str
    owner: str
    service: str | None
    permissions: tuple[str, ...] | None
    pipelines: tuple[str, ...]
    channel: str | None
    expires_at: UtcTime
    used_at: UtcTime | None
    revoked_at: UtcTime | None

    @classmethod
    def from_token(cls, token: ApiToken) -> ApiTokenData:
        return cls(
            id=token.id,
            name=token.name,
            owner=token.owner,
            service=token.service,
            permissions=tuple(sorted(token.permissions)) if token.permissions is not None else None,
            pipelines=token.pipelines,
            channel=token.channel,
            expires_at=token.expires_at,
            used_at=token.used_at,
            revoked_at=token.revoked_at,
        )


class ApiTokenResult(Result, frozen=True):
    """An API token."""

    token: ApiTokenData

    @classmethod
    def from_token(cls, token: ApiToken, message: str) -> ApiTokenResult:
        return cls(token=ApiTokenData.from_token(token), message=message)


class ApiTokenList(Result, frozen=True):
    """Valid API tokens, the newest first."""

    tokens: tuple[ApiTokenData, ...]


class AgentsResult(Result, frozen=True):
    """The state of the agents of `everyone`, or of the person."""

    stopped: bool
    everyone: bool


class ReadonlyResult(Result, frozen=True):
    """The state of read-only mode."""

    readonly: bool


class WhoamiResult(Result, frozen=True):
    """A person in Slack and Buildkite, and what they may do here.

    `permissions` are those that they have on something. `buildkite_user` is the user of the bot's token, or of the
    person's own. `account` is their own.
    """

    user: str
    name: str
    standing: str
    email: str | None
    organization: str
    buildkite_user: str
    account: AccountData | None
    permissions: tuple[str, ...]
    missing_permissions: tuple[str, ...]
