"""Values of `-e` and tokens in texts reach no message, no log line and no database file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.runtime.redaction import MASK, mask_tokens
from tests.conversations.world import World, open_world
from tests.injection.stored import checkpoint, read_database

VALUE = "hunter2-of-the-environment"
TOKENS = (
    "xoxb-1234567890-abcdefghij",
    "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4OTA",
    "xapp-1-A012345-9876543210-abc",
    "bkua_0123456789abcdef0123",
    "bkpt_0123456789abcdef0123",
    "bktr_0123456789abcdef0123",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "ghs_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11ABCDEFG0123456789_abcdef",
    "glpat-0123456789abcdefghij",
    "glrt-0123456789abcdefghij",
    "AKIA0123456789ABCDEF",
    "ASIA0123456789ABCDEF wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTg==",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n-----END OPENSSH PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl\n-----END CERTIFICATE-----",
)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_its_shape(token: str) -> None:
    """Tokens of Slack, Buildkite, GitHub, GitLab and AWS and keys of every kind are masked completely."""
    kept = mask_tokens(f"before {token} after")
    assert MASK in kept
    assert token[-12:-3] not in kept
    assert (kept.startswith("before "), kept.endswith(" after")) == (True, True)


async def test_values_of_the_environment_are_nowhere(tmp_path: Path, log_output: io.StringIO) -> None:
    """A build with `-e` that is repeated, refused and audited shows names of variables but never values."""
    async with open_world(tmp_path) as world:
        await start_builds_with_environment(world)
        assert world.buildkite.builds[-1].env == {"TOKEN": VALUE}
        posted = str(
            [(m.text, m.blocks, m.edits) for channel in world.slack.posted.values() for m in channel if m.bot]
        )
        private = str([(m.text, m.blocks, m.metadata) for m in world.slack.ephemeral_messages])
        checkpoint(tmp_path)
        stored = read_database(tmp_path)
    for place in (posted, private, log_output.getvalue(), stored.decode("latin-1")):
        assert VALUE not in place
    assert VALUE.encode() not in read_database(tmp_path)


async def start_builds_with_environment(world: World) -> None:
    """Start a build twice, make several mistakes with its variable, and read the audit log."""
    await world.alice.types(world.deploys, f"/bk build create web -e TOKEN={VALUE}")
    await world.alice.types(world.deploys, f"/bk build create web -e TOKEN={VALUE}")
    await world.alice.types(world.deploys, f"/bk build create no-such-pipeline -e TOKEN={VALUE}")
    await world.gwen.types(world.deploys, f"/bk build create web -e TOKEN={VALUE}")
    await world.alice.types(world.deploys, f"/bk build create web -e TOKEN={VALUE} --oops")
    await world.alice.types(world.deploys, f"/bk build create web -e {VALUE}")
    await world.alice.types(world.deploys, f"/bk build create web -e ={VALUE}")
    await world.settle(2)
    await world.alice.types(world.deploys, "/bk audit")
    await world.settle(2)


async def test_arguments_are_sealed_while_they_wait(tmp_path: Path) -> None:
    """Arguments that wait for an answer are encrypted in every file of the database."""
    async with open_world(tmp_path) as world:
        elsewhere = world.slack.channel("C0ELSE001", "elsewhere", bot_in=False)
        await world.alice.types(elsewhere, f"/bk build create web -e TOKEN={VALUE}")
        await world.settle(1)
        question = world.slack.ephemerals(world.alice)[-1]
        assert "Start anyway" in question.plain()
        assert VALUE.encode() not in read_database(tmp_path)
        await world.alice.clicks(question, "Start anyway")
        await world.settle(3)
        assert world.buildkite.builds[-1].env == {"TOKEN": VALUE}
        checkpoint(tmp_path)
        assert VALUE.encode() not in read_database(tmp_path)


async def test_tokens_in_texts_from_outside_reach_no_message_and_no_log(
    tmp_path: Path, log_output: io.StringIO
) -> None:
    """A token in a commit message, a branch, a job's log or a lock's reason is masked everywhere."""
    async with open_world(tmp_path) as world:
        for token in TOKENS[:12]:
            build = world.buildkite.create_build_elsewhere("web", f"fix/{token}", f"uses {token}", creator=token)
            await world.alice.types(world.deploys, f"/bk watch web {build.number}")
        build = world.buildkite.builds[-1]
        world.buildkite.run_build(build, fail=["lint"])
        world.buildkite.log(build.find_job("lint").id, "\n".join(TOKENS))
        await world.settle(3)
        await world.alice.types(world.deploys, f"/bk job log -p web -n {build.number}")
        await world.alice.types(world.deploys, f'/bk lock web "{TOKENS[0]}"')
        await world.alice.types(world.deploys, "/bk locks")
        await world.settle(3)
        messages = [m for channel in world.slack.posted.values() for m in channel] + world.slack.ephemeral_messages
        shown = str([(m.text, m.blocks) for m in messages if m.bot])
    assert MASK in shown
    for token in TOKENS:
        assert token not in shown
        assert token not in log_output.getvalue()
