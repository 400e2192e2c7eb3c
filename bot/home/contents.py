"""Gathers a person's builds, approvals, subscriptions, account and tokens, as far as the policy lets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.access.accounts.model import Account
from bot.access.accounts.service import Accounts
from bot.access.api_tokens.token_records import TokenRecords
from bot.access.approvals.approver_check import ApproverCheck
from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals
from bot.access.policy.rules import Target
from bot.access.read_permission import ReadPermission
from bot.history.model import Run
from bot.history.queries import find_runs_asked_by, find_runs_of_person
from bot.home.model import HOME_SPAN, Home, is_mine, select_blocked, select_failed, select_running
from bot.notifications.subscriptions.globs import is_literal
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_subscriptions_made_by
from bot.runtime.clock import Clock
from bot.slack.types import Actor
from bot.store.transactions import Transactions


class HomeContents:
    """Gathers the contents of App Homes, judged by the current policy without a channel.

    `owners` returns Slack user ids by email address, for people with addresses that Slack doesn't show.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        permission: ReadPermission,
        approvers: ApproverCheck,
        accounts: Accounts,
        proposals: Proposals,
        owners: Callable[[], Mapping[str, str]],
        token_records: TokenRecords,
    ) -> None:
        self._token_records = token_records
        self._store = store
        self._clock = clock
        self._permission = permission
        self._approvers = approvers
        self._accounts = accounts
        self._proposals = proposals
        self._owners = owners

    async def gather(self, actor: Actor) -> Home:
        """Return a person's contents. Raise Unavailable while Slack doesn't say who is in a channel."""
        now = self._clock.now()
        account = await self._accounts.find(actor.team, actor.id)
        emails = self._collect_addresses(actor, account)
        async with self._store.read() as tx:
            requested = await find_runs_asked_by(tx, actor.id, now - HOME_SPAN)
            found = [*await find_runs_of_person(tx, sorted(emails), now - HOME_SPAN), *requested]
            subscribed = await find_subscriptions_made_by(tx, actor.team, actor.id)
        runs = self._select_readable(actor, _select_mine(found, emails, {run.id for run in requested}))
        return Home(
            running=select_running(runs, now),
            blocked=select_blocked(runs),
            failed=select_failed(runs, now),
            proposals=await self._find_approvable(actor),
            subscriptions=tuple(own for own in subscribed if self._may_see_subscription(actor, own)),
            account=account,
            api_tokens=await self._token_records.list_valid(actor.id),
            address_known=bool(emails),
        )

    def _collect_addresses(self, actor: Actor, account: Account | None) -> set[str]:
        """Return the addresses from Slack, the connected account and the subscriptions file."""
        shown = (actor.email, account.email if account else None)
        listed = {address for address, user in self._owners().items() if user == actor.id}
        return {address.strip().lower() for address in shown if address} | listed

    def _select_readable(self, actor: Actor, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if self._permission.allows(actor, Target(run.pipeline, run.branch or None))]

    def _may_see_subscription(self, actor: Actor, subscription: Subscription) -> bool:
        """Return whether a subscription may be shown; one with a pattern reveals no pipeline's name."""
        return not is_literal(subscription.pipeline) or self._permission.allows(
            actor, Target(subscription.pipeline, subscription.branch)
        )

    async def _find_approvable(self, actor: Actor) -> tuple[Proposal, ...]:
        open_proposals = await self._proposals.find_open()
        return tuple([found for found in open_proposals if await self._approvers.may_approve(actor.id, found)])


def _select_mine(found: Iterable[Run], emails: set[str], requested: set[str]) -> list[Run]:
    """Return the person's builds, each once."""
    return list({run.id: run for run in found if is_mine(run, emails, requested)}.values())
