"""Whatever is wrong with a request, it gets a problem document with the standard's status, and nothing is done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.rest.caller import Caller, open_caller, retry_until

CREATE = "build/create"
JSON = {"content-type": "application/json"}
BAD: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no such operation": ("POST", "build/explode", {"json": {}}, 404, "unknown-path"),
    "no such version": ("GET", "../v9/build/view", {}, 404, "unknown-path"),
    "GET of a change": ("GET", CREATE, {}, 405, "method-not-allowed"),
    "DELETE": ("DELETE", "build/view", {}, 405, "method-not-allowed"),
    "POST of an invocation": ("POST", "invocations/x", {"json": {}}, 405, "method-not-allowed"),
    "not JSON": ("POST", CREATE, {"content": b"{", "headers": JSON}, 400, "not-json"),
    "not UTF-8": ("POST", CREATE, {"content": b'"\xff"', "headers": JSON}, 400, "not-json"),
    "NaN": ("POST", CREATE, {"content": b'{"pipeline": NaN}', "headers": JSON}, 400, "not-json"),
    "half a pair": ("POST", CREATE, {"content": b'{"pipeline": "\\ud800"}', "headers": JSON}, 400, "not-json"),
    "deep": ("POST", CREATE, {"content": b"[" * 500_000, "headers": JSON}, 400, "not-json"),
    "a long number": ("POST", CREATE, {"content": b"9" * 5000, "headers": JSON}, 400, "not-json"),
    "an array": ("POST", CREATE, {"json": [1]}, 422, "invalid-arguments"),
    "no content type": ("POST", CREATE, {"content": b"{}"}, 415, "unsupported-type"),
    "a form": ("POST", CREATE, {"data": {"pipeline": "web"}}, 415, "unsupported-type"),
    "too large": ("POST", CREATE, {"json": {"message": "x" * 2**20}}, 413, "too-large"),
    "an unknown argument": ("POST", CREATE, {"json": {"pipeline": "web", "x": 1}}, 422, "invalid-arguments"),
    "a wrong type": ("POST", CREATE, {"json": {"pipeline": 7}}, 422, "invalid-arguments"),
    "an object for a text": ("POST", CREATE, {"json": {"pipeline": {"a": 1}}}, 422, "invalid-arguments"),
    "nothing": ("POST", CREATE, {"json": {}}, 422, "invalid-arguments"),
    "no build": ("POST", "build/cancel?yes=true", {"json": {}}, 422, "invalid-arguments"),
    "given twice": ("GET", "build/view?number=1&number=2", {}, 422, "invalid-arguments"),
    "no such build": ("GET", "build/view?pipeline=web&number=99", {}, 404, "not-found"),
    "no such pipeline": ("POST", CREATE, {"json": {"pipeline": "nowhere"}}, 404, "not-found"),
    "an empty key": ("POST", CREATE, {"json": {}, "headers": {"idempotency-key": ""}}, 400, "bad-header"),
    "a long key": ("POST", CREATE, {"json": {}, "headers": {"idempotency-key": "k" * 256}}, 400, "bad-header"),
    "not granted": ("POST", "pipeline/unarchive", {"json": {"pipeline": "web"}}, 403, "refused"),
    "for people only": ("POST", "readonly", {"json": {"state": "on"}}, 403, "refused"),
    "a secret": ("POST", "connect", {"json": {"token": "bkua_1"}}, 403, "refused"),
    "no such invocation": ("GET", "invocations/x", {}, 404, "unknown-invocation"),
    "an unknown build's events": ("GET", "builds/web/77/events", {}, 404, "untracked-build"),
    "a slash too many": ("POST", "build/create/", {"json": {}}, 404, "unknown-path"),
}


async def test_bad_requests(program: Caller) -> None:
    """Each gets its own status and kind; nothing was sent to Buildkite that changes anything."""
    found = {}
    for name, (method, path, options, _status, _kind) in BAD.items():
        answer = await program.send(method, path, **options)
        assert answer.headers["content-type"] == "application/problem+json", (name, answer.text)
        document = answer.json()
        assert document["status"] == answer.status_code
        assert document["title"]
        assert document["detail"]
        found[name] = (answer.status_code, document["type"].removeprefix("/api#"))
    assert found == {name: row[3:] for name, row in BAD.items()}
    assert [request for request in program.world.buildkite.requests if request.method not in {"GET", "HEAD"}] == []


async def test_all_mistakes_at_once(program: Caller) -> None:
    """Each wrong argument is named by its place in the body, and a secret's value isn't quoted."""
    answer = await program.post("agent/list", {"limit": "many", "state": "asleep", "lmit": 2})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/lmit", "/state", "/limit"]
    wrong = await program.post("build/create", {"pipeline": "web", "env": {"KEY": ["hunter2"]}})
    assert wrong.status_code == 422
    assert "hunter2" not in wrong.text
    refused = await program.post("agent/stop", {"agent": "ci-linux-1"})
    assert "errors" not in refused.json()


async def test_allowed_methods_are_named(program: Caller) -> None:
    """405 says which methods there are."""
    assert (await program.get("build/create")).headers["allow"] == "POST"
    assert (await program.send("PUT", "build/view")).headers["allow"] == "GET, POST"


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer nonsense", f"Bearer kst_{'0' * 36}"])
async def test_no_valid_token(program: Caller, header: str) -> None:
    """Before anything of the body is read: 401 with a challenge."""
    headers = {"authorization": header} if header else {}
    answer = await program.http.post("/api/v1/build/create", headers=headers, content=b"{")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/api#unauthorized"


async def test_a_token_ends_at_once(program: Caller) -> None:
    """A revoked token and an expired one get 401, and what they asked before isn't told."""
    world = program.world
    made = (await program.get("whoami")).json()["invocation"]
    await world.bob.types(world.deploys, "/bk api-token revoke release-bot --yes")
    await world.settle(2)
    revoked = await program.get(f"invocations/{made}")
    assert revoked.status_code == 401
    assert "revoked" in revoked.json()["detail"]


async def test_the_bots_own_name(tmp_path: Path) -> None:
    """With a public URL, requests for another host get 421; loopback is the bot itself."""
    async with open_caller(tmp_path, KITESTRING_URL="https://bot.example.com") as program:
        assert (await program.get("whoami", headers={"host": "bot.example.com:443"})).status_code == 200
        assert (await program.get("whoami")).status_code == 200
        answer = await program.get("whoami", headers={"host": "evil.example.com"})
        assert (answer.status_code, answer.json()["type"]) == (421, "/api#misdirected")


async def test_too_many_requests(tmp_path: Path) -> None:
    """A token has its own number of requests a minute, and is told what is left."""
    async with open_caller(tmp_path, KITESTRING_API_RATE="3") as program:
        left = [(await program.get("whoami")).headers["ratelimit-remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = await program.get("whoami")
        assert (refused.status_code, refused.json()["type"]) == (429, "/api#rate-limited")
        assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == ("3", "0")
        program.world.clock.advance(int(refused.headers["retry-after"]))
        assert (await program.get("whoami")).status_code == 200


async def test_buildkite_is_away(program: Caller) -> None:
    """503 with a time to try again; a change whose answer was lost is looked for, not repeated."""
    world = program.world
    world.buildkite.faults.fail(401, times=1, path="/builds/1$")
    refused = await program.get("build/view", params={"pipeline": "web", "number": 1})
    assert refused.status_code == 403, refused.text
    world.buildkite.faults.fail(400, times=1, path="/builds/1$")
    assert (await program.get("build/view", params={"pipeline": "web", "number": 1})).status_code == 409
    world.buildkite.create_build("web")
    world.buildkite.faults.fail(502, times=20, path="/builds/1$")
    away = await retry_until(world, asyncio.create_task(program.get("build/view?pipeline=web&number=1")))
    assert (away.status_code, away.json()["type"]) == (503, "/api#unavailable")
    assert int(away.headers["retry-after"]) > 0


async def test_an_answer_is_lost(program: Caller) -> None:
    """Effects that may have happened are looked for and not repeated, and the poll tells in the end."""
    world = program.world
    build = world.buildkite.create_build("web")
    world.buildkite.annotate(build, "Lint is fine", context="notes")
    args = {"pipeline": "web", "number": 1, "body": "Looks fine"}
    world.buildkite.faults.fail(502, method="POST", path="/annotations$", times=4, applied=True)
    lost = await retry_until(world, asyncio.create_task(program.post("build/annotate", args, key="lost")))
    assert lost.status_code == 202, lost.text
    await world.settle(60)
    again = await program.post("build/annotate", args, key="lost")
    assert again.json()["state"] == "done", again.text
    assert len(build.annotations) == 2
    world.buildkite.faults.reset(method="POST", path="/annotations$")
    more = {**args, "context": "notes", "append": True}
    await program.post("build/annotate", more, key="uncertain")
    await world.settle(3600, step=5)
    uncertain = await program.post("build/annotate", more, key="uncertain")
    assert (uncertain.status_code, uncertain.json()["type"]) == (409, "/api#outcome-unknown"), uncertain.text
