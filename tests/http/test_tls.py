"""HTTPS without anything in front."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from bot.app.process import serve
from bot.errors import KitestringError
from bot.runtime.http.connection import ConnectionLimits
from bot.runtime.http.tls import load_tls_context
from bot.settings import InvalidSettings, load_settings
from tests.http.certificate import pair
from tests.http.sockets import calling, listening

HTTP = {
    "SLACK_BOT_TOKEN": "xoxb-1-made-up",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "BUILDKITE_API_TOKEN": "bkua_made_up",
    "BUILDKITE_ORGANIZATION_SLUG": "acme-inc",
}


async def test_https_is_served(tmp_path: Path) -> None:
    """Who trusts the certificate is answered over TLS 1.2 or newer; plain HTTP on that port is not."""
    files = pair(tmp_path)
    tls = load_tls_context(*files)
    assert tls.minimum_version == ssl.TLSVersion.TLSv1_2
    trusting = ssl.create_default_context(cafile=files.certificate)
    async with listening(tls=tls) as port, httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        assert (await client.post(f"https://127.0.0.1:{port}/", content=b"123")).text == "3 bytes"
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_the_bounds_hold_over_tls_too(tmp_path: Path) -> None:
    """A head that is too large gets its 431 there as well."""
    files = pair(tmp_path)
    trusting = ssl.create_default_context(cafile=files.certificate)
    bounds = ConnectionLimits(head_bytes=1024, refusal_seconds=0.1)
    async with (
        listening(bounds=bounds, tls=load_tls_context(*files)) as port,
        httpx.AsyncClient(verify=trusting, trust_env=False) as client,
    ):
        answer = await client.get(f"https://127.0.0.1:{port}/", headers={"Cookie": "c" * 2000})
        assert answer.status_code == 431


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00"])
async def test_who_does_not_agree_on_tls_is_cut_off(tmp_path: Path, said: bytes) -> None:
    """A client that connects and does not go on is gone once its seconds are over; others are served meanwhile."""
    files = pair(tmp_path)
    trusting = ssl.create_default_context(cafile=files.certificate)
    bounds = ConnectionLimits(handshake_seconds=0.2)
    async with (
        listening(bounds=bounds, tls=load_tls_context(*files)) as port,
        calling(port) as caller,
        httpx.AsyncClient(verify=trusting, trust_env=False) as client,
    ):
        await caller.says(said)
        assert (await client.post(f"https://127.0.0.1:{port}/", content=b"123")).text == "3 bytes"
        assert await caller.hears() == b""


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A missing file, another's key, a key with a passphrase, something else: one sentence, no question asked."""
    good, other = pair(tmp_path), pair(tmp_path, "other")
    sealed = pair(tmp_path, "sealed", passphrase=b"hunter2")
    text = tmp_path / "notes.txt"
    text.write_text("no PEM")
    with pytest.raises(KitestringError, match=r"TLS_KEYFILE .*missing\.key can't be read \(No such file"):
        load_tls_context(good.certificate, str(tmp_path / "missing.key"))
    for certificate, key in ((good.certificate, other.key), sealed, (str(text), good.key)):
        with pytest.raises(KitestringError, match="aren't a certificate and its key"):
            load_tls_context(certificate, key)


async def test_it_does_not_start_with_files_that_cannot_be_used(tmp_path: Path) -> None:
    """`serve` says so before it opens anything."""
    told = HTTP | {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}",
        "TLS_CERTFILE": pair(tmp_path).certificate,
        "TLS_KEYFILE": pair(tmp_path, "other").key,
    }
    with pytest.raises(KitestringError, match="TLS_CERTFILE and TLS_KEYFILE aren't a certificate and its key"):
        await serve(load_settings(told))


@pytest.mark.parametrize("name", ["TLS_CERTFILE", "TLS_KEYFILE"])
def test_a_certificate_and_its_key_belong_together(name: str) -> None:
    """One without the other is a mistake, which names the one that is missing."""
    with pytest.raises(InvalidSettings) as caught:
        load_settings(HTTP | {name: "tls.pem"})
    (said,) = caught.value.problems
    (missing,) = {"TLS_CERTFILE", "TLS_KEYFILE"} - {name}
    assert said.startswith(f"{missing} is not set, and {name} needs it; it should be the path of a PEM file")
