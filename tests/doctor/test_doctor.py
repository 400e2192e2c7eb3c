"""The doctor, against a workspace and an organization that are well, and against each thing that can be wrong."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

import sqlite3

import pytest
from inline_snapshot import snapshot

from bot.cli import webhook_setup
from bot.cli.doctor.finding import Finding, render_report, is_healthy
from bot.errors import UsageError
from bot.settings import load_settings
from bot.store import migrate
from tests.doctor.conftest import START, WEBHOOK_TOKEN, Installation

TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "BUILDKITE_API_TOKEN", "BUILDKITE_AGENT_TOKEN")
NEWER = "UPDATE alembic_version SET version_num = '9999'"


def delivered(installation: Installation) -> None:
    """A webhook came in half an hour ago."""
    with sqlite3.connect(installation.database) as connection:
        received = (START.timestamp() - 1800,)
        connection.execute(
            "INSERT INTO deliveries (event, body, received_at) VALUES ('ping', x'7b7d', ?)", received
        )
    connection.close()


async def test_all_is_well(installation: Installation) -> None:
    """With everything in order each line has its tick and nothing is left to do."""
    delivered(installation)
    found = await installation.examined()
    assert render_report(found.values()).splitlines() == [
        "✓ Slack token: @kitestring in the workspace Acme.",
        f"✓ Slack scopes: all {len(installation.slack.scopes)} of the manifest.",
        "✓ Socket Mode: Slack offers a connection.",
        "✓ Buildkite token: of Sam Kim, until 2026-08-28.",
        "✓ Buildkite scopes: all 8 that are needed. Will not work: job cancel (graphql).",
        "✓ Buildkite organization: Acme Inc (acme-inc).",
        "✓ Buildkite agent token: accepted by the cluster Open Source.",
        "✓ Buildkite webhook: set up for https://bot.acme.example/buildkite/webhooks; last delivery "
        "2026-08-21 11:30 UTC (whether Buildkite reaches it cannot be seen from inside).",
        f"✓ Database: SQLite, {installation.database}.",
        f"✓ Migrations: up to date ({migrate.newest_revision()}).",
        "– Policy: no file; the built-in rules hold.",
        "– Subscriptions: no file; channels subscribe by command.",
        "✓ Clock: within 60 s of Buildkite and Slack.",
    ]
    assert is_healthy(found.values())


async def test_what_cannot_be_seen_is_not_called_wrong(installation: Installation) -> None:
    """Over HTTP, without webhook and agent token, the lines say so and the exit status stays 0."""
    found = await installation.examined(
        SLACK_APP_TOKEN=None,
        SLACK_SIGNING_SECRET="made-up",
        BUILDKITE_WEBHOOK_TOKEN=None,
        BUILDKITE_AGENT_TOKEN=None,
    )
    assert {name for name, finding in found.items() if finding.ok is None} == {
        "Slack requests",
        "Buildkite agent token",
        "Buildkite webhook",
        "Policy",
        "Subscriptions",
    }
    assert is_healthy(found.values())


@pytest.mark.parametrize(
    ("variable", "value", "name", "said"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong", "Slack token", "invalid_auth"),
        ("SLACK_APP_TOKEN", "xapp-wrong", "Socket Mode", "invalid_auth"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api/", "Slack token", "cannot be reached"),
        ("BUILDKITE_API_TOKEN", "wrong", "Buildkite token", "does not accept"),
        ("BUILDKITE_REST_API_ENDPOINT", "http://127.0.0.1:9", "Buildkite token", "cannot be reached"),
        ("BUILDKITE_ORGANIZATION_SLUG", "acme", "Buildkite organization", "acme"),
        ("BUILDKITE_AGENT_TOKEN", "wrong", "Buildkite agent token", "does not accept"),
        ("BUILDKITE_AGENT_ENDPOINT", "http://127.0.0.1:9/v3", "Buildkite agent token", "did not answer"),
        ("BUILDKITE_WEBHOOK_TOKEN", "wrong", "Buildkite webhook", "its token isn't BUILDKITE_WEBHOOK_TOKEN"),
        ("BUILDKITE_WEBHOOK_MODE", "token", "Buildkite webhook", "BUILDKITE_WEBHOOK_MODE is token"),
        ("DATABASE_URL", "sqlite+aiosqlite:////proc/version", "Database", "cannot be used"),
    ],
)
async def test_a_wrong_setting_is_named(
    installation: Installation, variable: str, value: str, name: str, said: str
) -> None:
    """Each wrong setting gives one line with a cross, what was found and what to do; no value is repeated."""
    found = await installation.examined(**{variable: value})
    assert found[name].ok is False
    assert said in found[name].sentence
    assert found[name].remedy
    assert not is_healthy(found.values())
    secrets = [
        WEBHOOK_TOKEN,
        installation.slack.bot_token,
        "xoxb-wrong",
        "xapp-wrong",
        installation.buildkite.token,
    ]
    assert [secret for secret in secrets if secret in render_report(found.values())] == []


async def test_a_scope_that_slack_did_not_grant_is_named(installation: Installation) -> None:
    """An app that was installed before the manifest grew is told to be installed again."""
    installation.slack.scopes -= {"files:write", "users:read.email"}
    found = (await installation.examined())["Slack scopes"]
    assert (found.ok, found.sentence) == (False, "not granted: files:write, users:read.email.")
    assert "reinstall" in found.remedy


async def test_a_scope_that_the_buildkite_token_lacks_is_named(installation: Installation) -> None:
    """A token that cannot start builds is found out before the first person tries."""
    installation.buildkite.scopes -= {"write_builds", "read_notification_services"}
    found = await installation.examined()
    assert found["Buildkite scopes"].sentence == (
        "missing: write_builds. Will not work: build annotate, build cancel, build create, build rebuild, "
        "build retry, job reprioritize, job retry, job unblock (write_builds); "
        "service list (read_notification_services); job cancel (graphql)."
    )
    assert found["Buildkite webhook"].ok is None
    assert "read_notification_services" in found["Buildkite webhook"].sentence


async def test_optional_scopes_are_only_mentioned(installation: Installation) -> None:
    """A token without the optional scopes is well, and the line says which commands it cannot carry."""
    installation.buildkite.scopes -= {"read_notification_services", "read_teams"}
    found = (await installation.examined())["Buildkite scopes"]
    assert found.ok is True
    assert "Will not work: team list (read_teams); service list (read_notification_services)" in found.sentence


async def test_a_missing_webhook_is_told(installation: Installation) -> None:
    """A token for a webhook that nobody made at Buildkite is a mistake."""
    installation.buildkite.hooks.webhooks.clear()
    found = (await installation.examined())["Buildkite webhook"]
    assert (found.ok, found.sentence) == (False, "none is there to …/buildkite/webhooks.")


async def test_a_missing_webhook_can_be_made_from_here(installation: Installation) -> None:
    """With an address of its own the doctor names what makes it; without one, what that needs."""
    installation.buildkite.hooks.webhooks.clear()
    found = (await installation.examined())["Buildkite webhook"]
    assert found.remedy == snapshot(
        "Add one at Buildkite → Organization Settings → Notification Services; or set KITESTRING_URL: then `kitestring service add` does it, with the scope write_notification_services."
    )
    found = (await installation.examined(KITESTRING_URL="https://bot.acme.example"))["Buildkite webhook"]
    assert (found.sentence, found.remedy) == snapshot(
        (
            "none is there to https://bot.acme.example/buildkite/webhooks.",
            "Add one at Buildkite → Organization Settings → Notification Services; `kitestring service add` does it, with the scope write_notification_services.",
        )
    )


async def test_the_console_makes_the_webhook_and_puts_it_right(installation: Installation) -> None:
    """`kitestring service add` makes what is missing, mends what is wrong, and says no token; then all is well."""
    installation.buildkite.hooks.webhooks.clear()
    settings = load_settings(installation.environ | {"KITESTRING_URL": "https://bot.acme.example"})
    said: list[str] = []
    await webhook_setup.print_services(settings, said.append)
    await webhook_setup.set_up_webhook(settings, said.append)
    (hook,) = installation.buildkite.hooks.webhooks
    hook.enabled = False
    await webhook_setup.set_up_webhook(settings, said.append)
    await webhook_setup.set_up_webhook(settings, said.append)
    await webhook_setup.print_services(settings, said.append)
    assert [line.replace(hook.id, "ID") for line in said] == snapshot(
        [
            "No webhook of mine is among them: `kitestring service add` makes it.",
            "Created the webhook to https://bot.acme.example/buildkite/webhooks.",
            "Repaired the webhook to https://bot.acme.example/buildkite/webhooks: it's disabled.",
            "The webhook to https://bot.acme.example/buildkite/webhooks already exists and is set up correctly.",
            "ID  on   Webhook (mine)  https://bot.acme.example/buildkite/webhooks",
        ]
    )
    assert (await installation.examined(KITESTRING_URL="https://bot.acme.example"))["Buildkite webhook"].ok is None


async def test_the_console_says_what_is_not_set(installation: Installation) -> None:
    """Without an address the webhook cannot be made; nothing is asked of Buildkite."""
    with pytest.raises(UsageError, match="KITESTRING_URL is not set"):
        await webhook_setup.set_up_webhook(load_settings(installation.environ), lambda _line: None)
    assert not installation.buildkite.requests


async def test_a_webhook_that_is_off_or_says_too_little_is_told(installation: Installation) -> None:
    """A disabled webhook and events that nobody ticked are both told at once."""
    (hook,) = installation.buildkite.hooks.webhooks
    hook.enabled = False
    hook.events = ("build.running", "build.finished", "build.scheduled", "build.failing", "job.started")
    found = (await installation.examined())["Buildkite webhook"]
    assert (found.ok, found.sentence) == (False, "it's disabled; it doesn't send job.finished.")


async def test_a_webhook_that_never_delivered_is_neither_well_nor_wrong(installation: Installation) -> None:
    """Right after setting up there was no build yet, so silence proves nothing."""
    found = (await installation.examined())["Buildkite webhook"]
    assert found.ok is None
    assert "no delivery seen yet" in found.sentence


@pytest.mark.parametrize(
    ("fault", "how"),
    [("garble", {}), ("garble", {"plain": True}), ("fail", {}), ("reset", {}), ("rate_limit", {})],
)
async def test_a_slack_that_stumbles_is_a_finding(
    installation: Installation, fault: str, how: dict[str, bool]
) -> None:
    """A proxy's page, a 503, a cut connection and a limit are findings with a remedy, not tracebacks."""
    getattr(installation.slack.faults, fault)("auth.test", **how)
    found = (await installation.examined())["Slack token"]
    assert found.ok is False
    assert found.remedy in {"Ask again in a minute.", "Check the network, and SLACK_API_URL if set."}


async def test_socket_mode_may_be_tried_once_a_minute(installation: Installation) -> None:
    """Slack's limit on opening connections is not taken for a broken token."""
    installation.slack.faults.rate_limit("apps.connections.open", retry_after=30)
    found = (await installation.examined())["Socket Mode"]
    assert (found.ok, found.remedy) == (None, "Ask again in a minute.")


@pytest.mark.parametrize(("ahead", "said"), [(90, "90 s behind"), (-400, "400 s ahead of")])
async def test_a_wrong_clock_is_found(installation: Installation, ahead: float, said: str) -> None:
    """A machine whose time is off refuses good signatures, so the doctor compares it with the vendors'."""
    installation.theirs.jump(ahead)
    found = (await installation.examined())["Clock"]
    assert found.ok is False
    assert said in found.sentence


async def test_a_database_that_is_not_there_yet_is_not_made(installation: Installation) -> None:
    """Before the first start there is no file, and asking the doctor does not make one."""
    absent = installation.database.with_name("absent.db")
    found = await installation.examined(DATABASE_URL=f"sqlite+aiosqlite:///{absent}")
    assert found["Database"].ok is None
    assert not absent.exists()


async def test_a_database_server_that_does_not_answer_is_told(installation: Installation) -> None:
    """PostgreSQL that cannot be reached is a finding, and the password in its address is not repeated."""
    found = await installation.examined(
        DATABASE_URL="postgresql+asyncpg://bot:hunter2@127.0.0.1:9/kitestring",
        KITESTRING_SECRET_KEY="0123456789012345678901234567890123456789012=",
    )
    assert (found["Database"].ok, found["Database"].remedy) == (False, "Check DATABASE_URL.")
    assert "hunter2" not in render_report(found.values())


@pytest.mark.parametrize(
    ("statement", "said", "remedy"),
    [
        ("DELETE FROM alembic_version", f"at nothing, not at {migrate.newest_revision()}.", "Run `kitestring migrate`."),
        (
            "UPDATE alembic_version SET version_num = '9999'",
            "revision 9999 is newer",
            "Install the newer Kitestring.",
        ),
    ],
)
async def test_a_schema_of_another_version_is_told(
    installation: Installation, statement: str, said: str, remedy: str
) -> None:
    """A schema that is behind is to be migrated, one that is ahead needs a newer Kitestring."""
    with sqlite3.connect(installation.database) as connection:
        connection.execute(statement)
    connection.close()
    found = (await installation.examined())["Migrations"]
    assert (found.ok, found.remedy) == (False, remedy)
    assert found.sentence.startswith(said)


def test_one_line_each() -> None:
    """A finding is one line: mark, name, sentence, remedy."""
    assert Finding("Clock", False, "90 s behind Slack.", "Set it.").line == "✗ Clock: 90 s behind Slack. Set it."
