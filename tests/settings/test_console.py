"""The console script works as a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
ENVIRON = {
    "SLACK_BOT_TOKEN": "xoxb-sim",
    "SLACK_SIGNING_SECRET": "made-up",
    "BUILDKITE_API_TOKEN": "bkua_sim",
    "BUILDKITE_ORGANIZATION_SLUG": "acme-inc",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "BUILDKITE_REST_API_ENDPOINT": "http://127.0.0.1:9",
}
pytestmark = pytest.mark.process


class Ran(NamedTuple):
    """The exit status and the output of a process."""

    status: int | None
    out: str
    err: str


def list_files(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


async def run_kitestring(folder: Path, *arguments: str, **environ: str) -> Ran:
    """Run `kitestring` in that folder with only this environment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 300)
    return Ran(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize("command", ["serve", "migrate", "doctor"])
async def test_wrong_settings_stop_it_with_one_sentence_each(tmp_path: Path, command: str) -> None:
    """Missing or malformed settings are named on stderr, one sentence per line, without traceback or values."""
    ran = await run_kitestring(tmp_path, command, SLACK_BOT_TOKEN="hunter2", SLACK_SIGNING_SECRET="made-up")
    names = [line.split(" ")[0] for line in ran.err.splitlines()]
    assert names == ["SLACK_BOT_TOKEN", "BUILDKITE_API_TOKEN", "BUILDKITE_ORGANIZATION_SLUG"]
    assert (ran.status, ran.out) == (2, "")
    assert "hunter2" not in ran.err


async def test_the_doctor_fails_without_a_network(tmp_path: Path) -> None:
    """If nothing can be reached, every line is still printed, and the status is 1."""
    ran = await run_kitestring(tmp_path, "doctor", **ENVIRON)
    assert (ran.status, ran.err) == (1, "")
    assert (
        "✗ Slack token: can't reach Slack. Check the network, and SLACK_API_URL if it's set."
        in ran.out.splitlines()
    )
    assert list_files(tmp_path) == []


async def test_a_token_that_cannot_be_checked_is_not_revoked(tmp_path: Path) -> None:
    """`token revoke` first shows whose token it is; if it can't, it ends with status 2."""
    ran = await run_kitestring(tmp_path, "token", "revoke", "--yes", **ENVIRON)
    assert (ran.status, ran.out, ran.err) == (2, "", "Buildkite can't be reached. Try again in a moment.\n")


async def test_migrate_creates_the_database(tmp_path: Path) -> None:
    """`migrate` brings a missing database up to date, and can be repeated."""
    for _ in range(2):
        ran = await run_kitestring(tmp_path, "migrate", **ENVIRON)
        assert (ran.status, ran.err) == (0, "")
    assert "kitestring.db" in list_files(tmp_path)


async def test_the_manifest_is_printed_from_anywhere(tmp_path: Path) -> None:
    """The manifest needs no settings and no checkout."""
    ran = await run_kitestring(tmp_path, "manifest", "--url", "https://bot.acme.example", KITESTRING_COMMAND="/ci")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("https://bot.acme.example/slack/events") == 4
    assert "command: /ci" in ran.out


async def test_a_manifest_with_example_addresses_says_so(tmp_path: Path) -> None:
    """Without an address the manifest has the reason for each scope, and standard error a warning."""
    ran = await run_kitestring(tmp_path, "manifest")
    assert (ran.status, ran.err) == (
        0,
        "The addresses are examples (https://kitestring.example.com): pass --url or --socket-mode.\n",
    )
    assert "- chat:write  # cards, replies and private answers\n" in ran.out


@pytest.mark.parametrize(
    "arguments", [("--url", "http://a.example"), ("--url", "https://a.example", "--socket-mode")]
)
async def test_a_manifest_that_cannot_work_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A plain HTTP URL, or a URL together with Socket Mode, is a usage error."""
    ran = await run_kitestring(tmp_path, "manifest", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: kitestring manifest" in ran.err


async def test_api_tokens_need_a_workspace_and_right_options(tmp_path: Path) -> None:
    """Before the bot has run, its workspace isn't known; a wrong option is named before anything else."""
    await run_kitestring(tmp_path, "migrate", **ENVIRON)
    unknown = await run_kitestring(tmp_path, "api-token", "list", **ENVIRON)
    assert (unknown.status, unknown.out) == (2, "")
    assert unknown.err == "I don't know the Slack workspace yet. Run `kitestring serve` once first.\n"
    wrong = await run_kitestring(
        tmp_path, "api-token", "create", "ci", "--service", "ci", "--expires", "2y", **ENVIRON
    )
    assert (wrong.status, wrong.out) == (2, "")
    assert "it should be a duration" in wrong.err
