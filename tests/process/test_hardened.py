"""The settings that an operator can add for safety work in the process."""

from __future__ import annotations

import ssl

import httpx
import pytest

from tests.http.certificate import make_certificate
from tests.process.town import BUILDKITE_PATH, Town

pytestmark = pytest.mark.process


async def test_everything_that_can_be_added(plain: Town) -> None:
    """HTTPS, the webhook allowlist and the metrics token work together, also behind a proxy."""
    files, secret = make_certificate(plain.folder), "a-long-random-word"
    settings = {"TLS_CERTFILE": files.certificate, "TLS_KEYFILE": files.key, "METRICS_TOKEN": secret}
    program = await plain.serve(BUILDKITE_WEBHOOK_ALLOWLIST="meta", FORWARDED_ALLOW_IPS="127.0.0.1", **settings)
    assert program.address.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=files.certificate)
    async with httpx.AsyncClient(verify=trusting, trust_env=False, base_url=program.address) as client:

        async def delivered(**headers: str) -> int:
            return (await client.post(BUILDKITE_PATH, json={"event": "ping"}, headers=headers)).status_code

        while await delivered() == 503:  # until the list has been read
            pass
        assert await delivered() == 403
        assert await delivered(**{"X-Forwarded-For": "203.0.113.9"}) == 403
        assert await delivered(**{"X-Forwarded-For": "192.0.2.9"}) == 401
        far = {"X-Forwarded-For": "192.0.2.7"}
        refusals = [{}, far, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {secret}"}]
        assert {(await client.get("/metrics", headers=headers)).status_code for headers in refusals} == {401}
        page = await client.get("/metrics", headers=far | {"Authorization": f"Bearer {secret}"})
        assert 'outcome="origin"' in page.text
    assert await program.terminate() == 0
    plain.check_log(program.log_text)
    assert secret not in program.log_text
