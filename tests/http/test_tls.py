"""The bot serves HTTPS without a proxy."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from bot.app.process import serve
from bot.errors import KitestringError
from bot.runtime.http.connection_pool import ConnectionLimits
from bot.runtime.http.tls import load_tls_context
from bot.settings import InvalidSettings, load_settings
from tests.http.certificate import make_certificate
from tests.http.sockets import connect, run_server

HTTP = {
    "SLACK_BOT_TOKEN": "xoxb-1-made-up",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "BUILDKITE_API_TOKEN": "bkua_made_up",
    "BUILDKITE_ORGANIZATION_SLUG": "acme-inc",
}


async def test_https_is_served(tmp_path: Path) -> None:
    """Clients that trust the certificate are served over TLS 1.2 or newer; plain HTTP on that port isn't."""
    files = make_certificate(tmp_path)
    tls = load_tls_context(*files)
    assert tls.minimum_version == ssl.TLSVersion.TLSv1_2
    trusting = ssl.create_default_context(cafile=files.certificate)
    async with run_server(tls=tls) as port, httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        assert (await client.post(f"https://127.0.0.1:{port}/", content=b"123")).text == "3 bytes"
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_limits_apply_over_tls_too(tmp_path: Path) -> None:
    """A head that is too large gets 431 over TLS as well."""
    files = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=files.certificate)
    limits = ConnectionLimits(head_bytes=1024, refusal_seconds=0.1)
    async with (
        run_server(limits=limits, tls=load_tls_context(*files)) as port,
        httpx.AsyncClient(verify=trusting, trust_env=False) as client,
    ):
        answer = await client.get(f"https://127.0.0.1:{port}/", headers={"Cookie": "c" * 2000})
        assert answer.status_code == 431


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00"])
async def test_an_unfinished_handshake_times_out(tmp_path: Path, sent: bytes) -> None:
    """A client that never finishes the handshake is cut off, and others are served meanwhile."""
    files = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=files.certificate)
    limits = ConnectionLimits(handshake_seconds=0.2)
    async with (
        run_server(limits=limits, tls=load_tls_context(*files)) as port,
        connect(port) as caller,
        httpx.AsyncClient(verify=trusting, trust_env=False) as client,
    ):
        await caller.send(sent)
        assert (await client.post(f"https://127.0.0.1:{port}/", content=b"123")).text == "3 bytes"
        assert await caller.read_to_end() == b""


def test_unusable_files_are_named(tmp_path: Path) -> None:
    """A missing file, a wrong key, a key with a passphrase and other files give one sentence and no prompt."""
    good, other = make_certificate(tmp_path), make_certificate(tmp_path, "other")
    sealed = make_certificate(tmp_path, "sealed", passphrase=b"hunter2")
    text = tmp_path / "notes.txt"
    text.write_text("no PEM")
    with pytest.raises(KitestringError, match=r"TLS_KEYFILE .*missing\.key can't be read \(No such file"):
        load_tls_context(good.certificate, str(tmp_path / "missing.key"))
    for certificate, key in ((good.certificate, other.key), sealed, (str(text), good.key)):
        with pytest.raises(KitestringError, match="aren't a certificate and its key"):
            load_tls_context(certificate, key)


async def test_serve_refuses_unusable_files(tmp_path: Path) -> None:
    """`serve` reports the problem before it opens anything."""
    environ = HTTP | {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}",
        "TLS_CERTFILE": make_certificate(tmp_path).certificate,
        "TLS_KEYFILE": make_certificate(tmp_path, "other").key,
    }
    with pytest.raises(KitestringError, match="TLS_CERTFILE and TLS_KEYFILE aren't a certificate and its key"):
        await serve(load_settings(environ))


@pytest.mark.parametrize("name", ["TLS_CERTFILE", "TLS_KEYFILE"])
def test_a_certificate_needs_its_key(name: str) -> None:
    """Setting one without the other is an error that names the missing one."""
    with pytest.raises(InvalidSettings) as caught:
        load_settings(HTTP | {name: "tls.pem"})
    (sent,) = caught.value.problems
    (missing,) = {"TLS_CERTFILE", "TLS_KEYFILE"} - {name}
    assert sent.startswith(f"{missing} is not set, and {name} needs it; it should be the path of a PEM file")
