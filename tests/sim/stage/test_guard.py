"""Access to the demo: reading it, and sending actions."""

from __future__ import annotations

import httpx
import pytest

from simulators.demo_page.app import DemoPage

POST = {"as": "U0ALICE01", "channel": "C0DEPLOYS", "text": "Hello"}


async def test_the_page_loads_nothing_from_elsewhere(page: httpx.AsyncClient) -> None:
    """The page's content security policy allows only its own address."""
    answer = await page.get("/")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_page_cannot_act(page: httpx.AsyncClient, stage: DemoPage, origin: str) -> None:
    """A POST from another page in the same browser is refused, and nothing is posted."""
    answer = await page.post("/acts/post", json=POST, headers={"Origin": origin})
    assert answer.status_code == 403
    assert stage.slack.messages("C0DEPLOYS") == []


async def test_a_form_cannot_act(page: httpx.AsyncClient) -> None:
    """A POST that a plain HTML form can send is refused."""
    answer = await page.post("/acts/post", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example:80", ""])
async def test_a_foreign_host_name_is_refused(page: httpx.AsyncClient, host: str) -> None:
    """A foreign host name that resolves to the loopback address opens nothing."""
    answer = await page.get("/events?as=U0ALICE01", headers={"Host": host})
    assert answer.status_code == 403


async def test_too_large_a_body_is_refused(page: httpx.AsyncClient) -> None:
    """A body over 64 KiB gets 413."""
    answer = await page.post("/acts/post", json=POST | {"text": "x" * 70_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"7"])
async def test_a_body_that_is_not_an_object_is_refused(page: httpx.AsyncClient, body: bytes) -> None:
    """An action that isn't a JSON object gets 400 with a message."""
    answer = await page.post("/acts/post", content=body)
    assert answer.status_code == 400
    assert answer.json()["problem"]
