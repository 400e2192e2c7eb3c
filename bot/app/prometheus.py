"""Defines and collects the metrics for Prometheus; labels never name a pipeline or a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from functools import cache, partial
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.execution.bot_status import BotStatus

_PREFIX = "kitestring_"
_ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_LAG_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


class CounterMetric(Enum):
    """Counters: name without prefix and suffix, help, label."""

    WEBHOOKS = ("webhooks", "Webhooks by outcome.", "outcome")
    SLACK_REFUSED = ("slack_refused", "Requests to Slack's endpoint refused, by reason.", "why")
    SLACK_LIMITED = ("slack_limited", "Calls that Slack answered with 429, by method.", "method")
    SLACK_NOTICES = (
        "slack_notices",
        "Notices from Slack about the app: events dropped (app_rate_limited), the installation changed.",
        "kind",
    )
    CARDS = ("cards", "Cards by outcome.", "outcome")

    def __init__(self, stem: str, text: str, label: str) -> None:
        self.stem = stem
        self.text = text
        self.label = label


class HistogramMetric(Enum):
    """Histograms of seconds: name without prefix, help, upper bounds of the buckets."""

    SLACK_ACK = ("slack_ack_seconds", "Time from a Slack request to its answer.", _ACK_BUCKETS)
    DELIVERY_AGE = ("delivery_age_seconds", "Time from a webhook's arrival to its being read.", _LAG_BUCKETS)
    CARD_LAG = ("card_lag_seconds", "Time from learning of a change to showing it on its card.", _LAG_BUCKETS)

    def __init__(self, stem: str, text: str, buckets: tuple[float, ...]) -> None:
        self.stem = stem
        self.text = text
        self.buckets = buckets


class GaugeMetric(NamedTuple):
    """A gauge: name without prefix, help, and how its value follows from the status and from leading."""

    stem: str
    text: str
    read: Callable[[BotStatus, bool], float]


_GAUGES = (
    GaugeMetric("inbox_waiting", "Deliveries in the inbox.", lambda status, _: status.inbox),
    GaugeMetric(
        "inbox_oldest_seconds",
        "Age of the oldest delivery in the inbox.",
        lambda status, _: _seconds_since(status.inbox_since, status.now),
    ),
    GaugeMetric("inbox_aside", "Unreadable deliveries that were set aside.", lambda status, _: status.set_aside),
    GaugeMetric(
        "webhook_age_seconds",
        "Time since the last webhook arrived; -1 if none ever did.",
        lambda status, _: _seconds_since(status.webhook_at, status.now) if status.webhook_at else -1,
    ),
    GaugeMetric("builds_followed", "Tracked builds.", lambda status, _: status.tracked),
    GaugeMetric(
        "builds_doubtful",
        "Tracked builds with a reported change that no read has confirmed yet.",
        lambda status, _: status.unconfirmed,
    ),
    GaugeMetric(
        "messages_behind", "Cards and replies that are overdue in Slack.", lambda status, _: status.cards_due
    ),
    GaugeMetric(
        "requests_in_doubt",
        "Requests that may or may not have gone through.",
        lambda status, _: status.unknown_invocations,
    ),
    GaugeMetric(
        "buildkite_budget_left",
        "Requests to Buildkite left in the current minute.",
        lambda status, _: status.budget.remaining,
    ),
    GaugeMetric("readonly", "1 in read-only mode.", lambda status, _: float(status.readonly_by is not None)),
    GaugeMetric("writer", "1 on the replica that writes to Slack.", lambda _, is_leader: float(is_leader)),
)


class BotMetrics:
    """The bot's metrics, in a registry of their own: two bots in one process would share the global one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Cached, because looking a label up takes longer than counting.
        self._counters = {metric: cache(self._build_counter(metric).labels) for metric in CounterMetric}
        self._histograms = {
            metric: Histogram(_PREFIX + metric.stem, metric.text, buckets=metric.buckets, registry=self.registry)
            for metric in HistogramMetric
        }
        self._gauges = {
            metric: Gauge(_PREFIX + metric.stem, metric.text, registry=self.registry) for metric in _GAUGES
        }

    def counter(self, metric: CounterMetric) -> Callable[[str], None]:
        """Return a function that counts once under a value of the metric's label."""
        return partial(self._count, metric)

    def observer(self, metric: HistogramMetric) -> Callable[[float], None]:
        """Return a function that records a number of seconds."""
        return self._histograms[metric].observe

    def inc(self, name: str) -> None:
        """Count a webhook with that outcome."""
        self._count(CounterMetric.WEBHOOKS, name)

    def observe_card(self, outcome: str, seconds: float) -> None:
        """Record a card posted, updated or found unchanged `seconds` after the bot learned what it shows."""
        self._count(CounterMetric.CARDS, outcome)
        self._histograms[HistogramMetric.CARD_LAG].observe(max(seconds, 0))

    def update_gauges(self, status: BotStatus, *, is_leader: bool) -> None:
        """Set the gauges from the bot's status."""
        for metric, gauge in self._gauges.items():
            gauge.set(metric.read(status, is_leader))

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def _build_counter(self, metric: CounterMetric) -> Counter:
        return Counter(_PREFIX + metric.stem, metric.text, [metric.label], registry=self.registry)

    def _count(self, metric: CounterMetric, value: str) -> None:
        self._counters[metric](value).inc()


def render_metrics_table() -> str:
    """Return the table of all metrics for the runbook."""
    return "\n".join(("| Metric | Kind | Meaning |", "| --- | --- | --- |", *_render_rows()))


def _render_rows() -> Iterator[str]:
    for counter in CounterMetric:
        yield f"| `{_PREFIX}{counter.stem}_total` by `{counter.label}` | counter | {counter.text} |"
    for histogram in HistogramMetric:
        yield f"| `{_PREFIX}{histogram.stem}` | histogram | {histogram.text} |"
    for gauge in _GAUGES:
        yield f"| `{_PREFIX}{gauge.stem}` | gauge | {gauge.text} |"


def _seconds_since(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0) if since else 0
