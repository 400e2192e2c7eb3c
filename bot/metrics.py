"""What is measured, for Prometheus; labels name no pipeline and no person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


class Metrics:
    """One registry of our own, so that two bots in one process do not meet."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._webhooks = Counter(
            "kitestring_webhooks", "Webhooks by what became of them.", ["outcome"], registry=self.registry
        )

    def inc(self, name: str) -> None:
        """One more webhook of that outcome."""
        self._webhooks.labels(outcome=name).inc()

    def page(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)
