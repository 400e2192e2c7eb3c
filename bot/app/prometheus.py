"""What is measured, for Prometheus; labels name no pipeline and no person."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.execution.bot_status import BotStatus

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
_GAUGES = {
    "inbox_waiting": "Webhooks that have not been read yet.",
    "inbox_oldest_seconds": "Age of the oldest of them.",
    "inbox_aside": "Webhooks that could not be read and were set aside.",
    "webhook_age_seconds": "Since the last webhook arrived; -1 when there was none.",
    "builds_followed": "Builds that are looked after.",
    "builds_doubtful": "Builds of which something was heard that no read has settled yet.",
    "messages_behind": "Cards and replies that should be in Slack by now.",
    "requests_in_doubt": "Requests of which nobody can say yet whether they happened.",
    "buildkite_budget_left": "Requests to Buildkite left in this minute.",
    "readonly": "1 while writes to Buildkite are stopped.",
    "writer": "1 on the replica that writes to the workspace.",
}


class Metrics:
    """One registry of our own, so that two bots in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # To find a label takes longer than to count.
        self._webhooks = cache(self._counter("webhooks", "Webhooks by what became of them.", "outcome").labels)
        self._refused = self._counter(
            "slack_refused", "Requests turned away at the door for Slack, by why.", "why"
        )
        self._messages = self._counter("cards", "Cards by what was done with them.", "outcome")
        self._limited = self._counter("slack_limited", "Times Slack asked to be left alone.", "method")
        self._ack = self._histogram("slack_ack_seconds", "From a request of Slack's to its answer.", _QUICK)
        self._age = self._histogram("delivery_age_seconds", "From a webhook's arrival to its reading.", _SLOW)
        self._lag = self._histogram("card_lag_seconds", "From a fact being known to its card showing it.", _SLOW)
        self._gauges = {
            name: Gauge(f"kitestring_{name}", text, registry=self.registry) for name, text in _GAUGES.items()
        }

    def inc(self, name: str) -> None:
        """One more webhook of that outcome."""
        self._webhooks(name).inc()

    def refused(self, why: str) -> None:
        """A request to Slack's door was turned away before anybody read it."""
        self._refused.labels(why).inc()

    def acked(self, seconds: float) -> None:
        """Slack was answered."""
        self._ack.observe(seconds)

    def folded(self, seconds: float) -> None:
        """A webhook of that age was read."""
        self._age.observe(seconds)

    def shown(self, outcome: str, seconds: float) -> None:
        """A card was posted, updated or found unchanged so long after what it shows was known."""
        self._messages.labels(outcome).inc()
        self._lag.observe(max(seconds, 0))

    def limited(self, method: str) -> None:
        """Slack answered 429."""
        self._limited.labels(method).inc()

    def look(self, status: BotStatus, *, writer: bool) -> None:
        """Set the gauges to how things stand."""
        values = {
            "inbox_waiting": status.inbox,
            "inbox_oldest_seconds": _age(status.inbox_since, status.now),
            "inbox_aside": status.aside,
            "webhook_age_seconds": _age(status.webhook_at, status.now) if status.webhook_at else -1,
            "builds_followed": status.followed,
            "builds_doubtful": status.doubtful,
            "messages_behind": status.cards_due,
            "requests_in_doubt": status.in_doubt,
            "buildkite_budget_left": status.budget.remaining,
            "readonly": float(status.readonly_by is not None),
            "writer": float(writer),
        }
        for name, value in values.items():
            self._gauges[name].set(value)

    def page(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"kitestring_{name}", text, [label], registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"kitestring_{name}", text, buckets=buckets, registry=self.registry)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0) if since else 0
