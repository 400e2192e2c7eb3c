"""The examples in docs/api.md, run one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import httpx

from tests.rest.caller import Caller

DOCUMENT = Path(__file__).parents[2] / "docs/api.md"
_EXAMPLE = re.compile(r"```sh\n(curl .*)\n# (\d+) (\S+)\n```")


async def _run(program: Caller, line: str) -> httpx.Response:
    """Send what curl would send; the options are those that the document uses."""
    base = str(program.http.base_url).rstrip("/")
    words = shlex.split(line.replace("$TOKEN", program.raw).replace("$KITESTRING", base))[1:]
    headers, body = {}, None
    while words[0].startswith("-"):
        option = words.pop(0)
        if option == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif option == "--json":
            body = words.pop(0)
            headers["Content-Type"] = "application/json"
    (url,) = words
    return await program.http.request("POST" if body else "GET", url, headers=headers, content=body)


async def test_the_examples_answer_as_documented(program: Caller) -> None:
    """Each example has the status and the state, or the kind of problem, that follows it."""
    examples = _EXAMPLE.findall(DOCUMENT.read_text("utf-8"))
    assert len(examples) == 8
    for line, status, word in examples:
        answer = await _run(program, line)
        document = answer.json()
        found = document.get("state") or document["type"].removeprefix("/api#")
        assert (answer.status_code, found) == (int(status), word), (line, answer.text)
        await program.world.settle(2)


async def test_the_page_shows_every_operation(program: Caller) -> None:
    """It needs no token and no script, and explains each kind of problem."""
    page = await program.http.get("/api")
    document = (await program.http.get("/api/v1/openapi.json")).json()
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert [path for path in document["paths"] if path not in page.text] == []
    assert 'id="key-reused"' in page.text
    assert "<script" not in page.text
