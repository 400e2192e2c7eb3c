"""`kitestring serve` refuses to start with one sentence, without a traceback, and with status 2."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable

import pytest

from tests.process.program import Finished, run
from tests.process.town import Town

pytestmark = pytest.mark.process


def refused(town: Town, ran: Finished) -> str:
    """Return the only line on stderr."""
    assert (ran.status, ran.out) == (2, ""), ran
    town.check_log(ran.err)
    assert ran.err.count("\n") == 1, ran.err
    return ran.err.strip()


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SLACK_BOT_TOKEN", None, "SLACK_BOT_TOKEN is not set"),
        ("SLACK_BOT_TOKEN", "hunter2", "SLACK_BOT_TOKEN is malformed"),
        ("SLACK_SIGNING_SECRET", "", "SLACK_SIGNING_SECRET is set but empty"),
        ("BUILDKITE_API_TOKEN", None, "BUILDKITE_API_TOKEN is not set"),
        ("BUILDKITE_ORGANIZATION_SLUG", "Acme Inc", "BUILDKITE_ORGANIZATION_SLUG is malformed"),
        ("DATABASE_URL", "mysql://db", "DATABASE_URL is malformed"),
        ("PORT", "http", "PORT is malformed"),
        ("KITESTRING_COMMAND", "bk", "KITESTRING_COMMAND is malformed"),
        ("SLACK_CLIENT_ID", "1.2", "SLACK_CLIENT_ID is set, but"),
    ],
)
async def test_a_wrong_setting(plain: Town, name: str, value: str | None, sentence: str) -> None:
    """A variable that is missing, empty, malformed or unsupported is named; its value isn't."""
    environ = {key: word for key, word in plain.environ.items() if key != name}
    line = refused(plain, await run(plain.folder, environ | ({} if value is None else {name: value}), "serve"))
    assert line.startswith(sentence)
    assert not value or value not in line.removeprefix(sentence)


@pytest.mark.exhaustive(keep=1)
@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_that_slack_refuses(plain: Town, error: str) -> None:
    """The bot token is named, with Slack's own error code."""
    plain.slack.faults.error("auth.test", error)
    line = refused(plain, await run(plain.folder, plain.environ, "serve"))
    assert line.startswith(f"Slack refuses SLACK_BOT_TOKEN ({error}).")


async def test_an_app_token_that_slack_refuses(plain: Town) -> None:
    """In Socket Mode the app-level token is tried at startup; the error names it and says how to create one."""
    environ = plain.environ | {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    line = refused(plain, await run(plain.folder, environ, "serve"))
    assert line.startswith("Slack refuses SLACK_APP_TOKEN (invalid_auth).")
    assert "connections:write" in line


async def test_a_second_process_on_one_database(plain: Town) -> None:
    """A second process on the same SQLite file doesn't start: each would take the other's work for a crash."""
    await plain.serve()
    line = refused(plain, await run(plain.folder, plain.environ, "serve"))
    assert line.startswith("Another kitestring process uses this database.")
    assert await plain.programs[0].terminate() == 0
    assert (await plain.serve()).address


@pytest.mark.exhaustive(keep=1)
@pytest.mark.parametrize("name", ["PORT", "METRICS_PORT"])
async def test_a_port_in_use(plain: Town, name: str) -> None:
    """A port that is in use is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(plain, await run(plain.folder, {**plain.environ, name: port}, "serve"))
    assert line.startswith(f"Port {port} on 127.0.0.1 is in use.")


async def test_a_host_of_another_machine(plain: Town) -> None:
    """An address that this machine doesn't have is named."""
    line = refused(plain, await run(plain.folder, plain.environ | {"HOST": "192.0.2.1"}, "serve"))
    assert line.startswith("HOST 192.0.2.1 isn't an address of this machine.")


def no_folder(town: Town) -> None:
    """Make the folder of the database a file."""
    (town.folder / "db").write_text("")


def no_database(town: Town) -> None:
    """Make the database another kind of file."""
    (town.folder / "db").mkdir()
    (town.folder / "db" / "kitestring.db").write_text("not a database " * 100)


def a_folder(town: Town) -> None:
    """Make the database a folder."""
    (town.folder / "db" / "kitestring.db").mkdir(parents=True)


def newer(town: Town) -> None:
    """Let a later version have migrated the database."""
    (town.folder / "db").mkdir()
    database = sqlite3.connect(town.folder / "db" / "kitestring.db")
    database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.commit()
    database.close()


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_folder, ("Can't write to the folder of the database", "The database can't be used")),
        (no_database, "The database can't be used (DatabaseError)."),
        (a_folder, "The database can't be used (OperationalError)."),
        (newer, "The database is at revision 9999, which this version doesn't know."),
    ],
)
async def test_a_database_that_cannot_be_used(
    plain: Town, command: str, spoil: Callable[[Town], None], sentence: str | tuple[str, ...]
) -> None:
    """A database that is read-only, malformed or newer than this version stops the start at once."""
    spoil(plain)
    environ = plain.environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{plain.folder / 'db' / 'kitestring.db'}"}
    assert refused(plain, await run(plain.folder, environ, command)).startswith(sentence)
