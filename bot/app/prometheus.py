"""Collects metrics for Prometheus; labels never name a pipeline or a person."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.execution.bot_status import BotStatus

_ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_LAG_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
_GAUGES = {
    "inbox_waiting": "Deliveries in the inbox.",
    "inbox_oldest_seconds": "Age of the oldest delivery in the inbox.",
    "inbox_aside": "Unreadable deliveries that were set aside.",
    "webhook_age_seconds": "Time since the last webhook arrived; -1 if none ever did.",
    "builds_followed": "Tracked builds.",
    "builds_doubtful": "Tracked builds with a reported change that no read has confirmed yet.",
    "messages_behind": "Cards and replies that are overdue in Slack.",
    "requests_in_doubt": "Requests that may or may not have gone through.",
    "buildkite_budget_left": "Requests to Buildkite left in the current minute.",
    "readonly": "1 in read-only mode.",
    "writer": "1 on the replica that writes to Slack.",
}


class BotMetrics:
    """The bot's metrics, in a registry of their own: two bots in one process would share the global one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Cached, because looking a label up takes longer than counting.
        self._webhooks = cache(self._counter("webhooks", "Webhooks by outcome.", "outcome").labels)
        self._refused = self._counter("slack_refused", "Requests to Slack's endpoint refused, by reason.", "why")
        self._messages = self._counter("cards", "Cards by outcome.", "outcome")
        self._limited = self._counter("slack_limited", "Calls that Slack answered with 429, by method.", "method")
        self._ack = self._histogram("slack_ack_seconds", "Time from a Slack request to its answer.", _ACK_BUCKETS)
        self._age = self._histogram(
            "delivery_age_seconds", "Time from a webhook's arrival to its being read.", _LAG_BUCKETS
        )
        self._lag = self._histogram(
            "card_lag_seconds", "Time from learning of a change to showing it on its card.", _LAG_BUCKETS
        )
        self._gauges = {
            name: Gauge(f"kitestring_{name}", text, registry=self.registry) for name, text in _GAUGES.items()
        }

    def inc(self, name: str) -> None:
        """Count a webhook with that outcome."""
        self._webhooks(name).inc()

    def count_refused(self, why: str) -> None:
        """Count a request to Slack's endpoint that was refused before it was handled."""
        self._refused.labels(why).inc()

    def observe_ack(self, seconds: float) -> None:
        """Record the time that a Slack request took."""
        self._ack.observe(seconds)

    def observe_delivery_age(self, seconds: float) -> None:
        """Record the age of a delivery that was just read."""
        self._age.observe(seconds)

    def observe_card(self, outcome: str, seconds: float) -> None:
        """Record a card posted, updated or found unchanged `seconds` after the bot learned what it shows."""
        self._messages.labels(outcome).inc()
        self._lag.observe(max(seconds, 0))

    def count_rate_limited(self, method: str) -> None:
        """Count a call that Slack answered with 429."""
        self._limited.labels(method).inc()

    def update_gauges(self, status: BotStatus, *, writer: bool) -> None:
        """Set the gauges from the bot's status."""
        values = {
            "inbox_waiting": status.inbox,
            "inbox_oldest_seconds": _seconds_since(status.inbox_since, status.now),
            "inbox_aside": status.set_aside,
            "webhook_age_seconds": _seconds_since(status.webhook_at, status.now) if status.webhook_at else -1,
            "builds_followed": status.tracked,
            "builds_doubtful": status.unconfirmed,
            "messages_behind": status.cards_due,
            "requests_in_doubt": status.unknown_invocations,
            "buildkite_budget_left": status.budget.remaining,
            "readonly": float(status.readonly_by is not None),
            "writer": float(writer),
        }
        for name, value in values.items():
            self._gauges[name].set(value)

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"kitestring_{name}", text, [label], registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"kitestring_{name}", text, buckets=buckets, registry=self.registry)


def _seconds_since(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0) if since else 0
