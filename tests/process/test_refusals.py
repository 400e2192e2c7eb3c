"""What `kitestring serve` does not start with: one sentence, no traceback, status 2."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable

import pytest

from tests.process.program import Ran, run
from tests.process.town import Town

pytestmark = pytest.mark.process


def refused(town: Town, ran: Ran) -> str:
    """The one line that it said on stderr, once it is sure that there was nothing else."""
    assert (ran.status, ran.out) == (2, ""), ran
    town.check_log(ran.err)
    assert ran.err.count("\n") == 1, ran.err
    return ran.err.strip()


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
    """A variable that is missing, empty, malformed or not supported is named; its value is not."""
    environ = {key: word for key, word in plain.environ.items() if key != name}
    said = refused(plain, await run(plain.folder, environ | ({} if value is None else {name: value}), "serve"))
    assert said.startswith(sentence)
    assert not value or value not in said.removeprefix(sentence)


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_that_slack_refuses(plain: Town, error: str) -> None:
    """The bot token is named, with Slack's own word."""
    plain.slack.faults.error("auth.test", error)
    said = refused(plain, await run(plain.folder, plain.environ, "serve"))
    assert said.startswith(f"Slack refuses SLACK_BOT_TOKEN ({error}).")


async def test_an_app_token_that_slack_refuses(plain: Town) -> None:
    """In Socket Mode the app-level token is tried at once; its name is said, and how to make one."""
    environ = plain.environ | {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    said = refused(plain, await run(plain.folder, environ, "serve"))
    assert said.startswith("Slack refuses SLACK_APP_TOKEN (invalid_auth).")
    assert "connections:write" in said


async def test_a_second_process_on_one_database(plain: Town) -> None:
    """Two processes on one SQLite file would each take the other's work for a crash: the second does not start."""
    await plain.serve()
    said = refused(plain, await run(plain.folder, plain.environ, "serve"))
    assert said.startswith("Another kitestring process uses this database.")
    assert await plain.programs[0].terminated() == 0
    assert (await plain.serve()).address


@pytest.mark.parametrize("name", ["PORT", "METRICS_PORT"])
async def test_a_port_in_use(plain: Town, name: str) -> None:
    """A port that somebody else has is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(plain, await run(plain.folder, {**plain.environ, name: port}, "serve"))
    assert said.startswith(f"Port {port} of 127.0.0.1 is in use.")


async def test_a_host_of_another_machine(plain: Town) -> None:
    """An address that this machine does not have cannot be listened on."""
    said = refused(plain, await run(plain.folder, plain.environ | {"HOST": "192.0.2.1"}, "serve"))
    assert said.startswith("HOST 192.0.2.1 isn't an address of this machine.")


def no_folder(town: Town) -> None:
    """The folder of the database is a file."""
    (town.folder / "db").write_text("")


def no_database(town: Town) -> None:
    """The database is some other file."""
    (town.folder / "db").mkdir()
    (town.folder / "db" / "kitestring.db").write_text("not a database " * 100)


def a_folder(town: Town) -> None:
    """The database is a folder."""
    (town.folder / "db" / "kitestring.db").mkdir(parents=True)


def newer(town: Town) -> None:
    """The database was migrated by a later version."""
    (town.folder / "db").mkdir()
    database = sqlite3.connect(town.folder / "db" / "kitestring.db")
    database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.commit()
    database.close()


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
    """A database that cannot be written, is none, or is newer than this version stops it at once."""
    spoil(plain)
    environ = plain.environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{plain.folder / 'db' / 'kitestring.db'}"}
    assert refused(plain, await run(plain.folder, environ, command)).startswith(sentence)
