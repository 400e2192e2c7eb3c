"""The doctor, against an installation without faults and with each fault it can find."""
# ruff: noqa: E501 - lines are quoted as people read them

from __future__ import annotations

import sqlite3

import pytest
from inline_snapshot import snapshot

from bot.cli import webhook_setup
from bot.cli.doctor.finding import Finding, is_healthy, render_report, summarize
from bot.errors import UsageError
from bot.settings import load_settings
from bot.store import migrate
from tests.doctor.conftest import START, WEBHOOK_TOKEN, Installation

TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "BUILDKITE_API_TOKEN", "BUILDKITE_AGENT_TOKEN")
NEWER = "UPDATE alembic_version SET version_num = '9999'"


def receive_webhook(installation: Installation) -> None:
    """Store a webhook that arrived half an hour ago."""
    with sqlite3.connect(installation.database) as connection:
        received = (START.timestamp() - 1800,)
        connection.execute(
            "INSERT INTO deliveries (event, body, received_at) VALUES ('ping', x'7b7d', ?)", received
        )
    connection.close()


async def test_all_is_well(installation: Installation) -> None:
    """With everything in order each line has a tick; a token that expires soon is pointed out."""
    receive_webhook(installation)
    found = await installation.examine_settings()
    assert render_report(found.values()).splitlines() == [
        "✓ Slack token: @kitestring in workspace Acme.",
        f"✓ Slack scopes: all {len(installation.slack.scopes)} scopes of the manifest are granted.",
        "✓ Slack layouts: Slack accepts tables and charts.",
        "✓ Socket Mode: Slack accepts connections.",
        "! Buildkite token: belongs to Sam Kim, expires on 2026-08-28. Create another at "
        "https://buildkite.com/user/api-access-tokens before then, and set BUILDKITE_API_TOKEN to it.",
        "✓ Buildkite scopes: all 8 needed scopes are granted. These won't work: job cancel (graphql).",
        "✓ Buildkite organization: Acme Inc (acme-inc).",
        "✓ Buildkite agent token: accepted by cluster Open Source.",
        "✓ Buildkite webhook: set up for https://bot.acme.example/buildkite/webhooks; last delivery "
        "2026-08-21 11:30 UTC (I can't check from here whether Buildkite reaches it).",
        f"✓ Database: SQLite, {installation.database}.",
        f"✓ Migrations: up to date ({migrate.newest_revision()}).",
        "– Policy: no file; the built-in rules apply.",
        "– Subscriptions: no file; channels subscribe with `subscribe`.",
        "✓ Clock: within 60 s of Buildkite and Slack.",
    ]
    assert is_healthy(found.values())
    assert summarize(tuple(found.values())) == (
        "Nothing is wrong, 1 to see to soon (!), 2 not checked or not used (–), of 14 checks."
    )


async def test_unchecked_settings_are_not_called_wrong(installation: Installation) -> None:
    """Over HTTP, without webhook and agent token, the lines say so and the exit status stays 0."""
    found = await installation.examine_settings(
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
    ("variable", "value", "name", "expected"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong", "Slack token", "invalid_auth"),
        ("SLACK_APP_TOKEN", "xapp-wrong", "Socket Mode", "invalid_auth"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api/", "Slack token", "can't reach Slack"),
        ("BUILDKITE_API_TOKEN", "wrong", "Buildkite token", "doesn't accept"),
        ("BUILDKITE_REST_API_ENDPOINT", "http://127.0.0.1:9", "Buildkite token", "can't be reached"),
        ("BUILDKITE_ORGANIZATION_SLUG", "acme", "Buildkite organization", "acme"),
        ("BUILDKITE_AGENT_TOKEN", "wrong", "Buildkite agent token", "doesn't accept"),
        ("BUILDKITE_AGENT_ENDPOINT", "http://127.0.0.1:9/v3", "Buildkite agent token", "didn't answer"),
        ("BUILDKITE_WEBHOOK_TOKEN", "wrong", "Buildkite webhook", "its token isn't BUILDKITE_WEBHOOK_TOKEN"),
        ("BUILDKITE_WEBHOOK_MODE", "token", "Buildkite webhook", "BUILDKITE_WEBHOOK_MODE is token"),
        ("DATABASE_URL", "sqlite+aiosqlite:////proc/version", "Database", "can't be used"),
    ],
)
async def test_a_wrong_setting_is_named(
    installation: Installation, variable: str, value: str, name: str, expected: str
) -> None:
    """Each wrong setting gives a line with a cross, the finding and a remedy; no value is repeated."""
    found = await installation.examine_settings(**{variable: value})
    assert found[name].ok is False
    assert expected in found[name].sentence
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


async def test_a_refused_layout_is_named(installation: Installation) -> None:
    """The doctor repeats what Slack has against charts; a Slack that can't be asked is no fault."""
    installation.slack.unknown_blocks.add("data_visualization")
    found = await installation.examine_settings()
    assert found["Slack layouts"].line == snapshot(
        "✗ Slack layouts: Slack refuses charts (unsupported type: data_visualization at /0/type). Lists are sent as text and charts as pictures instead. Look for a newer version of Kitestring."
    )
    installation.slack.faults.error("blocks.validate", "unknown_method")
    found = await installation.examine_settings()
    assert found["Slack layouts"].line == snapshot(
        "– Slack layouts: can't be checked: Slack answered unknown_method."
    )
    assert is_healthy(found.values())
    installation.slack.faults.reset("blocks.validate")
    assert (await installation.examine_settings())["Slack layouts"].line == snapshot(
        "– Slack layouts: can't be checked while Slack can't be reached."
    )


async def test_dropped_events_are_named(installation: Installation) -> None:
    """For a day after Slack dropped events, the doctor says when that was."""
    with sqlite3.connect(installation.database) as connection:
        note = ("slack_events_dropped", str(START.timestamp() - 3600))
        connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", note)
    connection.close()
    assert (await installation.examine_settings())["Slack events"].line == snapshot(
        "✗ Slack events: Slack dropped events at 2026-08-21 11:00 UTC, as it sent more than 30,000 within an hour. Mentions and direct messages of that time may have gone unanswered; ask people to repeat them."
    )
    installation.clock.advance(86_400)
    assert "Slack events" not in await installation.examine_settings()


async def test_a_scope_that_slack_did_not_grant_is_named(installation: Installation) -> None:
    """An app installed before the manifest gained a scope has to be reinstalled."""
    installation.slack.scopes -= {"files:write", "users:read.email"}
    found = (await installation.examine_settings())["Slack scopes"]
    assert (found.ok, found.sentence) == (False, "not granted: files:write, users:read.email.")
    assert "reinstall" in found.remedy


async def test_a_scope_that_the_buildkite_token_lacks_is_named(installation: Installation) -> None:
    """A token that can't start builds is found before the first person tries."""
    installation.buildkite.scopes -= {"write_builds", "read_notification_services"}
    found = await installation.examine_settings()
    assert found["Buildkite scopes"].sentence == (
        "missing: write_builds. These won't work: build annotate, build cancel, build copy, build create, build rebuild, "
        "build retry, job reprioritize, job retry, job unblock (write_builds); "
        "admin service list (read_notification_services); job cancel (graphql)."
    )
    assert found["Buildkite webhook"].ok is None
    assert "read_notification_services" in found["Buildkite webhook"].sentence


async def test_optional_scopes_are_only_mentioned(installation: Installation) -> None:
    """A token without the optional scopes is fine, and the line names the commands that won't work."""
    installation.buildkite.scopes -= {"read_notification_services", "read_teams"}
    found = (await installation.examine_settings())["Buildkite scopes"]
    assert found.ok is True
    assert (
        "These won't work: admin team list (read_teams); admin service list (read_notification_services)"
        in found.sentence
    )


async def test_a_missing_webhook_is_reported(installation: Installation) -> None:
    """A token for a webhook that doesn't exist in Buildkite is a mistake."""
    installation.buildkite.hooks.webhooks.clear()
    found = (await installation.examine_settings())["Buildkite webhook"]
    assert (found.ok, found.sentence) == (False, "none exists for …/buildkite/webhooks.")


async def test_the_remedy_for_a_missing_webhook_is_a_command(installation: Installation) -> None:
    """If the bot's URL is known, the remedy names the command; else also the setting it needs."""
    installation.buildkite.hooks.webhooks.clear()
    found = (await installation.examine_settings())["Buildkite webhook"]
    assert found.remedy == snapshot(
        "Add one in Buildkite → Organization Settings → Notification Services, or set KITESTRING_URL and run `kitestring service add` (needs the scope write_notification_services)."
    )
    found = (await installation.examine_settings(KITESTRING_URL="https://bot.acme.example"))["Buildkite webhook"]
    assert (found.sentence, found.remedy) == snapshot(
        (
            "none exists for https://bot.acme.example/buildkite/webhooks.",
            "Add one in Buildkite → Organization Settings → Notification Services, or run `kitestring service add` (needs the scope write_notification_services).",
        )
    )


async def test_the_console_creates_and_repairs_the_webhook(installation: Installation) -> None:
    """`kitestring service add` creates or repairs the webhook without printing its token."""
    installation.buildkite.hooks.webhooks.clear()
    settings = load_settings(installation.environ | {"KITESTRING_URL": "https://bot.acme.example"})
    lines: list[str] = []
    await webhook_setup.print_services(settings, lines.append)
    await webhook_setup.set_up_webhook(settings, lines.append)
    (hook,) = installation.buildkite.hooks.webhooks
    hook.enabled = False
    await webhook_setup.set_up_webhook(settings, lines.append)
    await webhook_setup.set_up_webhook(settings, lines.append)
    await webhook_setup.print_services(settings, lines.append)
    assert [line.replace(hook.id, "ID") for line in lines] == snapshot(
        [
            "None of them is my webhook. Create it with `kitestring service add`.",
            "Created the webhook for https://bot.acme.example/buildkite/webhooks.",
            "Repaired the webhook for https://bot.acme.example/buildkite/webhooks: it's disabled.",
            "The webhook to https://bot.acme.example/buildkite/webhooks already exists and is set up correctly.",
            "ID  on   Webhook (mine)  https://bot.acme.example/buildkite/webhooks",
        ]
    )
    assert (await installation.examine_settings(KITESTRING_URL="https://bot.acme.example"))[
        "Buildkite webhook"
    ].ok is None


async def test_the_console_names_the_missing_setting(installation: Installation) -> None:
    """Without a URL the webhook can't be created, and Buildkite gets no request."""
    with pytest.raises(UsageError, match="KITESTRING_URL isn't set"):
        await webhook_setup.set_up_webhook(load_settings(installation.environ), lambda _line: None)
    assert not installation.buildkite.requests


async def test_a_disabled_webhook_with_missing_events_is_reported(installation: Installation) -> None:
    """Both problems of a webhook are in one line: it is disabled and lacks events."""
    (hook,) = installation.buildkite.hooks.webhooks
    hook.enabled = False
    hook.events = ("build.running", "build.finished", "build.scheduled", "build.failing", "job.started")
    found = (await installation.examine_settings())["Buildkite webhook"]
    assert (found.ok, found.sentence) == (False, "it's disabled; it doesn't send job.finished.")


async def test_a_webhook_that_never_delivered_is_neither_right_nor_wrong(installation: Installation) -> None:
    """Right after setup no build has run yet, so silence proves nothing."""
    found = (await installation.examine_settings())["Buildkite webhook"]
    assert found.ok is None
    assert "no delivery seen yet" in found.sentence


@pytest.mark.parametrize(
    ("fault", "how"),
    [("garble", {}), ("garble", {"plain": True}), ("fail", {}), ("reset", {}), ("rate_limit", {})],
)
async def test_a_failing_slack_is_a_finding(installation: Installation, fault: str, how: dict[str, bool]) -> None:
    """A proxy's page, a 503, a cut connection and a rate limit are findings with a remedy, not tracebacks."""
    getattr(installation.slack.faults, fault)("auth.test", **how)
    found = (await installation.examine_settings())["Slack token"]
    assert found.ok is False
    assert found.remedy in {"Try again in a minute.", "Check the network, and SLACK_API_URL if it's set."}


async def test_socket_mode_may_be_tried_once_a_minute(installation: Installation) -> None:
    """Slack's limit on opening connections isn't mistaken for a broken token."""
    installation.slack.faults.rate_limit("apps.connections.open", retry_after=30)
    found = (await installation.examine_settings())["Socket Mode"]
    assert (found.ok, found.remedy) == (None, "Try again in a minute.")


@pytest.mark.parametrize(("ahead", "expected"), [(90, "90 s behind"), (-400, "400 s ahead of")])
async def test_a_wrong_clock_is_found(installation: Installation, ahead: float, expected: str) -> None:
    """A machine with a wrong clock refuses good signatures, so the doctor compares it with the vendors'."""
    installation.vendor_clock.jump(ahead)
    found = (await installation.examine_settings())["Clock"]
    assert found.ok is False
    assert expected in found.sentence


async def test_a_missing_database_is_not_created(installation: Installation) -> None:
    """Before the first start there is no file, and the doctor doesn't create one."""
    absent = installation.database.with_name("absent.db")
    found = await installation.examine_settings(DATABASE_URL=f"sqlite+aiosqlite:///{absent}")
    assert found["Database"].ok is None
    assert not absent.exists()


async def test_an_unreachable_database_server_is_reported(installation: Installation) -> None:
    """An unreachable PostgreSQL is a finding, and the password in its address isn't repeated."""
    found = await installation.examine_settings(
        DATABASE_URL="postgresql+asyncpg://bot:hunter2@127.0.0.1:9/kitestring",
        KITESTRING_SECRET_KEY="0123456789012345678901234567890123456789012=",
    )
    assert (found["Database"].ok, found["Database"].remedy) == (False, "Check DATABASE_URL.")
    assert "hunter2" not in render_report(found.values())


@pytest.mark.parametrize(
    ("statement", "expected", "remedy"),
    [
        (
            "DELETE FROM alembic_version",
            f"at no revision instead of {migrate.newest_revision()}.",
            "Run `kitestring migrate`.",
        ),
        (
            "UPDATE alembic_version SET version_num = '9999'",
            "revision 9999 is newer",
            "Install the newer version of Kitestring.",
        ),
    ],
)
async def test_a_schema_of_another_version_is_reported(
    installation: Installation, statement: str, expected: str, remedy: str
) -> None:
    """An old schema has to be migrated; a newer one needs a newer Kitestring."""
    with sqlite3.connect(installation.database) as connection:
        connection.execute(statement)
    connection.close()
    found = (await installation.examine_settings())["Migrations"]
    assert (found.ok, found.remedy) == (False, remedy)
    assert found.sentence.startswith(expected)


def test_a_finding_is_one_line() -> None:
    """The line has a mark, the name, the sentence and the remedy."""
    assert Finding("Clock", False, "90 s behind Slack.", "Set it.").line == "✗ Clock: 90 s behind Slack. Set it."
