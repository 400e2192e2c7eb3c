"""Results about notifications: subscriptions, channels' settings and direct messages."""

from __future__ import annotations

from datetime import datetime

from bot.notifications.subscriptions.model import Subscription
from bot.operations.results import Data, Result, UtcTime


class SubscriptionData(Data, frozen=True):
    """A subscription; pipeline and branch are patterns, and no creators or sources mean any.

    `quiet` are its quiet hours in the time zone `zone`. `origin` is chat, person (a personal one) or file.
    """

    id: str
    pipeline: str
    branch: str | None
    states: tuple[str, ...]
    creators: tuple[str, ...]
    sources: tuple[str, ...]
    step: str | None
    updates: str
    quiet: str | None
    zone: str | None
    broadcast: bool
    muted_until: UtcTime | None
    created_by: str | None
    origin: str

    @classmethod
    def from_subscription(cls, subscription: Subscription) -> SubscriptionData:
        return cls(
            id=subscription.id,
            pipeline=subscription.pipeline,
            branch=subscription.branch,
            states=subscription.states,
            creators=subscription.creators,
            sources=subscription.sources,
            step=subscription.step,
            updates=subscription.updates,
            quiet=subscription.quiet,
            zone=subscription.zone,
            broadcast=subscription.broadcast,
            muted_until=subscription.muted_until,
            created_by=subscription.created_by or None,
            origin=subscription.origin,
        )


class SubscriptionResult(Result, frozen=True):
    """A subscription that was saved or removed; None if it was removed before."""

    subscription: SubscriptionData | None


class SubscriptionList(Result, frozen=True):
    """A channel's subscriptions; all of them are muted until `muted_until`."""

    subscriptions: tuple[SubscriptionData, ...]
    muted_until: UtcTime | None


class MuteResult(Result, frozen=True):
    """A mute of a channel's subscriptions, or of one of them; `until` is None where it ended."""

    until: UtcTime | None
    subscription: SubscriptionData | None

    @classmethod
    def make(cls, message: str, until: datetime | None, subscription: Subscription | None = None) -> MuteResult:
        data = SubscriptionData.from_subscription(subscription) if subscription else None
        return cls(message=message, until=until, subscription=data)


class BuildMuteResult(Result, frozen=True):
    """A build that was muted in a channel; `subscription` is the one that posted it there, if one did."""

    pipeline: str
    number: int
    subscription: SubscriptionData | None


class UpdatesResult(Result, frozen=True):
    """The updates that are posted in the threads of builds in a channel: all, important or end."""

    updates: str


class BroadcastResult(Result, frozen=True):
    """The setting by which failures that are posted in threads also appear in the channel."""

    broadcast: bool


class NotificationTopics(Result, frozen=True):
    """The topics that a person gets direct messages about."""

    topics: tuple[str, ...]
