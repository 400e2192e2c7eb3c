"""Who may look at the stage, and who may act on it."""

from __future__ import annotations

import httpx
import pytest

from simulators.demo_page.app import DemoPage

SAY = {"as": "U0ALICE01", "channel": "C0DEPLOYS", "text": "Hello"}


async def test_the_page_lets_nothing_in_from_elsewhere(page: httpx.AsyncClient) -> None:
    """The page comes with a policy under which it loads and sends nothing but to its own address."""
    answer = await page.get("/")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_page_cannot_act(page: httpx.AsyncClient, stage: DemoPage, origin: str) -> None:
    """A POST that another page of the same browser sent is refused, and nothing is said."""
    answer = await page.post("/acts/say", json=SAY, headers={"Origin": origin})
    assert answer.status_code == 403
    assert stage.slack.messages("C0DEPLOYS") == []


async def test_a_form_cannot_act(page: httpx.AsyncClient) -> None:
    """What a plain HTML form can send is refused."""
    answer = await page.post("/acts/say", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example:80", ""])
async def test_a_foreign_name_for_this_machine_is_refused(page: httpx.AsyncClient, host: str) -> None:
    """A name that somebody points at the loopback address opens nothing, not even the page."""
    answer = await page.get("/events?as=U0ALICE01", headers={"Host": host})
    assert answer.status_code == 403


async def test_too_much_at_once_is_refused(page: httpx.AsyncClient) -> None:
    """A body over 64 KiB gets 413."""
    answer = await page.post("/acts/say", json=SAY | {"text": "x" * 70_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"7"])
async def test_what_is_no_object_is_refused(page: httpx.AsyncClient, body: bytes) -> None:
    """An act that is not a JSON object gets 400 and a sentence."""
    answer = await page.post("/acts/say", content=body)
    assert answer.status_code == 400
    assert answer.json()["problem"]
