"""The policy file while the bot runs, and before it does."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.access.policy.decide import DEFAULT
from bot.access.policy.parse import InvalidPolicy
from bot.access.policy.policy_file import Policy
from bot.runtime.clock import ManualClock
from tests.conversations.acts import ask_privately
from tests.conversations.world import START, World
from tests.policy.conftest import POLICY

ROOT = Path(__file__).parent.parent.parent
EXPECTED = """
[[expect]]
user = "alice"
groups = ["@release"]
does = "build create deploy-prod -b main"
result = "allow"
rule = "releases"

[[expect]]
user = "bob"
does = "build create web"
at = 2026-11-07T12:00:00Z
result = "refuse"
rule = "weekend"

[[expect]]
user = "bob"
does = "build create mobile"
at = 2026-11-03T12:00:00Z
result = "ask"
"""


def write_policy(path: Path, text: str) -> None:
    """Write a policy file, as an editor does."""
    path.write_text(text, "utf-8")


async def test_a_changed_file_holds_at_once(world: World, policy: Path) -> None:
    """A grant added to the file takes effect within two seconds, without a restart."""
    assert "@release" in await ask_privately(world, world.bob, "build create deploy-prod")
    write_policy(policy, POLICY.replace('["web", "mobile"]', '["*"]'))
    world.clock.advance(2)
    await world.bob.types(world.deploys, "/bk build create deploy-prod")
    await world.settle(2)
    assert len(world.buildkite.builds) == 1


def test_an_invalid_file_keeps_the_rules_and_is_logged_once(policy: Path) -> None:
    """A mistake in the file changes no one's rights, and is logged once with its line."""
    clock = ManualClock(START)
    kept = Policy(policy, clock)
    before = kept.get_rules()
    policy.write_text(POLICY + "\n[[grant]]\nname = 'x'\n", "utf-8")
    with capture_logs() as logs:
        for _ in range(3):
            clock.advance(2)
            assert kept.get_rules() is before
    line = POLICY.count("\n") + 2
    (entry,) = [log for log in logs if log["log_level"] == "error"]
    assert entry["problems"] == (f"policy.toml line {line}: `[[grant]]` has no `permissions`.",)
    policy.unlink()
    clock.advance(2)
    assert kept.get_rules() is before


def test_the_file_is_checked_every_two_seconds_at_most(policy: Path) -> None:
    """Between two looks the rules stay as they are."""
    clock = ManualClock(START)
    kept = Policy(policy, clock)
    policy.write_text("", "utf-8")
    assert kept.get_rules().grants
    clock.advance(2)
    assert not kept.get_rules().grants


def test_without_a_file_the_default_rules_hold() -> None:
    """Without a path, no file is read."""
    assert Policy(None, ManualClock(START)).get_rules() is DEFAULT


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[[grant]]"])
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    """Absent, not text, or wrong: nothing is built upon it."""
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidPolicy, match=r"^policy\.toml "):
        Policy(path, ManualClock(START))


async def run_console(folder: Path, *arguments: str, **environ: str) -> tuple[int | None, str, str]:
    """`kitestring` in that folder: its status, its output, its errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 300)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.process
async def test_expectations_that_hold(tmp_path: Path, policy: Path) -> None:
    """Met expectations from a separate file exit with status 0."""
    (tmp_path / "expected.toml").write_text(EXPECTED, "utf-8")
    status, out, err = await run_console(tmp_path, "policy", "test", str(policy), "expected.toml")
    assert (status, err) == (0, "")
    assert out.endswith("3 checked, none failed.\n")


@pytest.mark.process
async def test_an_expectation_that_does_not_hold(tmp_path: Path, policy: Path) -> None:
    """A failed expectation is marked, and the status is 1; the policy file may hold expectations too."""
    write_policy(policy, POLICY + EXPECTED.replace('"allow"', '"refuse"'))
    status, out, _ = await run_console(tmp_path, "policy", "test", "policy.toml")
    assert status == 1
    assert [line[0] for line in out.splitlines()[1:4]] == ["✗", "✓", "✓"]
    assert out.endswith("3 checked, 1 failed.\n")


@pytest.mark.process
async def test_an_invalid_file_is_reported_with_its_lines(tmp_path: Path) -> None:
    """Every mistake is a line on stderr, and the status is 2."""
    (tmp_path / "policy.toml").write_text("admin = 1\n[[grant]]\nname = 'x'\n", "utf-8")
    status, out, err = await run_console(tmp_path, "policy", "test", "policy.toml")
    assert (status, out) == (2, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == ["policy.toml line 1", "policy.toml line 2"]


@pytest.mark.process
async def test_serve_does_not_start_with_a_wrong_policy(tmp_path: Path) -> None:
    """A policy that is not there stops the start with one sentence, before anything is made."""
    status, _, err = await run_console(
        tmp_path,
        "serve",
        SLACK_BOT_TOKEN="xoxb-sim",
        SLACK_SIGNING_SECRET="made-up",
        BUILDKITE_API_TOKEN="bkua_sim",
        BUILDKITE_ORGANIZATION_SLUG="acme-inc",
        KITESTRING_POLICY="policy.toml",
        LOG_LEVEL="error",
    )
    assert (status, err) == (2, "policy.toml doesn't exist.\n")


async def test_a_mistake_is_logged_without_anybody_asking(world: World, policy: Path) -> None:
    """A file that is saved with a mistake is noticed within seconds while nobody uses the bot."""
    await world.settle(5)
    with capture_logs() as lines:
        write_policy(policy, POLICY.replace("permissions", "permisions"))
        await world.settle(10)
    assert [line["event"] for line in lines] == ["policy file rejected; the previous version stays in force"]
    assert "line 6" in str(lines[0]["problems"])
