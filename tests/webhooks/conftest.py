"""An independent signer, the recorded payloads, and a receiver with its dependencies."""

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.builds.webhook_event import Delivery
from bot.runtime.clock import ManualClock
from bot.runtime.group_commit import CommitCallback
from webhooks.receiver import KeepDelivery, ProofMode, Receiver

FIXTURES = Path(__file__).parent.parent / "fixtures" / "webhooks"
SECRET = "309c9c842a8565adecbd7469c6005989"
NOON = datetime(2026, 8, 21, 12, tzinfo=UTC)


@dataclass
class CountedOutcomes:
    """Counts outcomes by name."""

    seen: Counter[str] = field(default_factory=Counter)
    names: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def inc(self, name: str) -> None:
        self.seen[name] += 1
        self.names.put_nowait(name)

    async def wait_counted(self, *names: str) -> None:
        """Return when the next outcomes have been counted as these."""
        async with asyncio.timeout(300):
            assert [await self.names.get() for _ in names] == [*names]


@dataclass
class DeliveryList:
    """Keeps deliveries in a list, unless it is `down`."""

    deliveries: list[Delivery] = field(default_factory=list)
    down: BaseException | None = None

    def keep(self, delivery: Delivery, on_commit: CommitCallback) -> None:
        if self.down is None:
            self.deliveries.append(delivery)
        on_commit(self.down)


@dataclass
class ReceiverRig:
    """A receiver with its dependencies; `keep` replaces the default list."""

    mode: ProofMode = "signature"
    patience: float = 300
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    stored: DeliveryList = field(default_factory=DeliveryList)
    counts: CountedOutcomes = field(default_factory=CountedOutcomes)
    keep: KeepDelivery | None = None

    @property
    def receiver(self) -> Receiver:
        """The ASGI callable itself."""
        return Receiver(SECRET, self.mode, self.keep or self.stored.keep, self.clock, self.counts, self.patience)

    @property
    def site(self) -> Starlette:
        """The receiver at the path where Buildkite expects it."""
        return Starlette(routes=[Route("/buildkite/webhooks", self.receiver)])


def sign(body: bytes, at: datetime = NOON, secret: str = SECRET) -> str:
    """Return the signature header, computed as Buildkite's documentation describes it."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.digest(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hex()
    return f"timestamp={timestamp},signature={digest}"


@pytest.fixture(scope="session")
def new_rig() -> type[ReceiverRig]:
    """Return a function that makes receivers."""
    return ReceiverRig


@pytest.fixture
def rig() -> ReceiverRig:
    """A receiver in signature mode."""
    return ReceiverRig()


@pytest.fixture(scope="session")
def signed() -> Callable[..., dict[str, str]]:
    """The headers of a delivery in signature mode."""

    def headers(body: bytes, at: datetime = NOON, **others: str) -> dict[str, str]:
        return {"content-type": "application/json", "x-buildkite-signature": sign(body, at), **others}

    return headers


@pytest.fixture(scope="session")
def payloads() -> dict[str, bytes]:
    """Every recorded payload by file name, as bytes."""
    apart = {"request_headers.json", "signature_vectors.json"}
    return {path.name: path.read_bytes() for path in sorted(FIXTURES.glob("*.json")) if path.name not in apart}


@pytest.fixture(scope="session")
def vectors() -> list[dict[str, Any]]:
    """Bodies with signatures computed by others."""
    return list(json.loads((FIXTURES / "signature_vectors.json").read_text()))


@pytest.fixture(scope="session")
def secret() -> str:
    """The webhook's secret."""
    return SECRET
