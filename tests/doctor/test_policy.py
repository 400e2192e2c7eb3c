"""The doctor's check of the policy file: names that don't exist and approvals that can't be reached."""
# ruff: noqa: E501 - lines are quoted as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.cli.doctor.finding import render_report
from tests.doctor.conftest import Installation

POLICY = """\
shared_channels = ["#partners"]

[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["help", "read", "build"]

[[grant]]
name = "releases"
groups = ["@release"]
users = ["U0ANN0001", "@bea"]
permissions = ["build", "approve"]
pipelines = ["deploy-*"]
channels = ["C0DEPLOYS"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { groups = ["@release"], users = ["U0ANN0001"] }
approvals = 2
"""


@pytest.fixture
def policy(installation: Installation, tmp_path: Path) -> Path:
    """Write the policy file, and create all that it names."""
    slack, buildkite = installation.slack, installation.buildkite
    slack.person("U0ANN0001", "ann")
    slack.person("U0CAT0001", "cat")
    slack.group("S0RELEASE", "release", ["U0CAT0001"])
    slack.channel("C0DEPLOYS", "deploys")
    slack.channel("C0PARTNER", "partners", shared=True)
    buildkite.pipeline("web")
    buildkite.pipeline("deploy-prod")
    return write_file(tmp_path / "policy.toml", POLICY)


def write_file(path: Path, text: str) -> Path:
    """Write the text and return the path."""
    path.write_text(text, "utf-8")
    return path


async def read_policy_lines(installation: Installation, policy: Path) -> list[str]:
    """Return the doctor's lines about the policy."""
    found = await installation.examine_settings(KITESTRING_POLICY=str(policy))
    return render_report([finding for name, finding in found.items() if name.startswith("Policy")]).splitlines()


async def test_everything_the_policy_names_exists(installation: Installation, policy: Path) -> None:
    """With everything in place each line has a tick."""
    assert await read_policy_lines(installation, policy) == snapshot(
        [
            "✓ Policy: 2 grants, 1 protection, 0 freezes.",
            "✓ Policy groups: all found (1).",
            "✓ Policy people: all found (1).",
            "✓ Policy channels: all found (2).",
            "✓ Policy pipelines: every pattern matches one of the 2 pipelines.",
            "✓ Policy approvers: every protection has enough approvers.",
        ]
    )


async def test_mistakes_in_the_file_are_reported_with_their_lines(
    installation: Installation, policy: Path
) -> None:
    """Every mistake comes with its line, and the names in the file aren't looked up."""
    write_file(policy, 'admin = "x"\n' + POLICY.replace("approvals = 2", "approvals = 0"))
    assert await read_policy_lines(installation, policy) == snapshot(
        [
            "✗ Policy: policy.toml line 1: `admin` isn't a known key at the top level. Did you mean `admins`? policy.toml line 21: `approvals` “0” is too small: at least 1. See docs/policy.md."
        ]
    )


async def test_names_that_slack_does_not_know_are_reported(installation: Installation, policy: Path) -> None:
    """Missing groups, people and channels are reported with the rule that names them."""
    slack = installation.slack
    slack.groups["S0RELEASE"].handle = "releases"
    slack.profiles["U0ANN0001"].deleted = True
    slack.channels["C0DEPLOYS"].archived = True
    slack.channels["C0PARTNER"].members.clear()
    write_file(policy, POLICY.replace('"@bea"', '"U0BEA0001"'))
    assert await read_policy_lines(installation, policy) == snapshot(
        [
            "✓ Policy: 2 grants, 1 protection, 0 freezes.",
            "✗ Policy groups: @release (in “releases”) wasn't found. Create the user group in Slack and add people to it, or correct its name; until then it grants nothing.",
            "✗ Policy people: U0ANN0001 (in “releases”) is deactivated; U0BEA0001 (in “releases”) wasn't found. Remove them or correct their ids; until then they grant nothing.",
            "✗ Policy channels: C0DEPLOYS (in “releases”) is archived; #partners (in “shared_channels”) doesn't have me as a member. Correct the id, or type `/invite @kitestring` in that channel.",
            "✓ Policy pipelines: every pattern matches one of the 2 pipelines.",
            "✗ Policy approvers: “production” needs 2, but 0 can approve. Name more approvers or require fewer approvals; until then nothing it protects can run.",
        ]
    )


async def test_an_empty_group_is_reported(installation: Installation, policy: Path) -> None:
    """A group without members grants nothing and can't approve."""
    installation.slack.groups["S0RELEASE"].users.clear()
    assert await read_policy_lines(installation, policy) == snapshot(
        [
            "✓ Policy: 2 grants, 1 protection, 0 freezes.",
            "✗ Policy groups: @release (in “releases”) is empty. Create the user group in Slack and add people to it, or correct its name; until then it grants nothing.",
            "✓ Policy people: all found (1).",
            "✓ Policy channels: all found (2).",
            "✓ Policy pipelines: every pattern matches one of the 2 pipelines.",
            "✗ Policy approvers: “production” needs 2, but 1 can approve. Name more approvers or require fewer approvals; until then nothing it protects can run.",
        ]
    )


async def test_a_pattern_that_matches_no_pipeline_is_reported(installation: Installation, policy: Path) -> None:
    """A misspelt pipeline would protect nothing."""
    write_file(
        policy, POLICY.replace('pipelines = ["deploy-*"]\napprovers', 'pipelines = ["depoly-*"]\napprovers')
    )
    assert (await read_policy_lines(installation, policy))[4] == snapshot(
        "✗ Policy pipelines: no pipeline in Buildkite matches depoly-* (in “production”). Correct or remove the pattern."
    )


async def test_approvers_by_permission_are_counted_where_they_may(
    installation: Installation, policy: Path
) -> None:
    """Without `approvers`, everyone with `approve` on the pipeline counts: on web there is no one."""
    text = POLICY.replace("approvers = { groups", "#").replace('["deploy-*"]\n#', '["deploy-*", "web"]\n#')
    write_file(policy, text)
    assert (await read_policy_lines(installation, policy))[5] == snapshot(
        "✗ Policy approvers: “production” on web needs 2, but 0 can approve. Name more approvers or require fewer approvals; until then nothing it protects can run."
    )
    write_file(
        policy, text + '\n[[grant]]\nname = "all approve"\nstandings = ["member"]\npermissions = ["approve"]\n'
    )
    assert (await read_policy_lines(installation, policy))[5] == snapshot(
        "✓ Policy approvers: every protection has enough approvers."
    )


async def test_a_missing_scope_is_reported_as_wrong(installation: Installation, policy: Path) -> None:
    """Without `usergroups:read` no group grants anything; the doctor says so, and how to fix it."""
    installation.slack.scopes -= {"usergroups:read"}
    found = await read_policy_lines(installation, policy)
    assert [found[1], found[5]] == snapshot(
        [
            "✗ Policy groups: usergroups:read isn't granted, so groups grant nothing. Paste the output of `kitestring manifest` at https://api.slack.com/apps → App Manifest, then reinstall the app.",
            "– Policy approvers: unknown without groups and pipelines.",
        ]
    )


async def test_vendors_that_do_not_answer_are_not_the_policys_fault(
    installation: Installation, policy: Path
) -> None:
    """A failed request makes a finding neither right nor wrong."""
    for method in ("usergroups.list", "users.info", "conversations.list"):
        installation.slack.faults.fail(method)
    installation.buildkite.scopes -= {"read_pipelines"}
    assert await read_policy_lines(installation, policy) == snapshot(
        [
            "✓ Policy: 2 grants, 1 protection, 0 freezes.",
            "– Policy groups: not checked: Slack answered HTTP 503.",
            "– Policy people: not checked: Slack answered HTTP 503.",
            "– Policy channels: not checked: Slack answered HTTP 503.",
            "– Policy pipelines: not checked: Buildkite refused: Your access token doesn't have the read_pipelines scope",
            "– Policy approvers: unknown without groups and pipelines.",
        ]
    )
