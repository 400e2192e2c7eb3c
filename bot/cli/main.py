"""The console script `kitestring`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from bot import __version__

if TYPE_CHECKING:
    from bot.settings import Settings


# What a command needs is imported inside it: Bolt and SQLAlchemy alone cost 0.7 s at start.


def _settings() -> Settings:
    """The settings of this process; ends it with status 2 and one sentence a line when they are wrong."""
    from bot.settings import Misconfigured, load

    try:
        return load()
    except Misconfigured as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)


def _run(work: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Run to the end; what a person can mend ends the process with status 2 and a sentence."""
    from bot.errors import KitestringError

    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(work)
    except KitestringError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Ties a Slack thread to a Buildkite build."""


@main.command()
@click.option("--no-migrate", is_flag=True, help="Do not bring the database up to date first.")
def serve(no_migrate: bool) -> None:
    """Run the bot with the settings of the environment."""
    from bot.runtime import startup

    startup.speed_up_startup()
    settings = _settings()
    from bot.app import process
    from bot.runtime import log_setup

    log_setup.configure_logging(settings.log_level, settings.log_format)
    _run(process.serve(settings, migrate=not no_migrate, ready=startup.tune_collector), startup.find_loop_factory())


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, envvar="PORT", show_default=True, show_envvar=True
)
def demo(port: int) -> None:
    """Run the bot against a made-up Slack and Buildkite, in the browser."""
    from bot.cli.demo import run

    _run(run(port))


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    settings = _settings()
    from bot.store.migrate import upgrade

    _run(upgrade(settings.database_url.get_secret_value()))


@main.command()
def rotate() -> None:
    """Encrypt everything anew with the first key of KITESTRING_SECRET_KEY, so that the others can go."""
    settings = _settings()
    from bot.cli import key_rotation

    _run(key_rotation.rotate(settings, click.echo))


@main.group()
def inbox() -> None:
    """Webhooks that could not be read and were set aside."""


@inbox.command("list")
def inbox_list() -> None:
    """Show what was set aside, and why."""
    from bot.cli import inbox_admin

    _run(inbox_admin.show(_settings(), click.echo))


@inbox.command("retry")
@click.argument("rows", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that was set aside.")
def inbox_retry(rows: tuple[int, ...], everything: bool) -> None:
    """Read ROWS once more; the numbers are those of `inbox list`."""
    from bot.cli import inbox_admin

    _run(inbox_admin.retry(_settings(), rows, click.echo, everything=everything))


@inbox.command("drop")
@click.argument("rows", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that was set aside.")
def inbox_drop(rows: tuple[int, ...], everything: bool) -> None:
    """Forget ROWS; the numbers are those of `inbox list`."""
    from bot.cli import inbox_admin

    _run(inbox_admin.drop(_settings(), rows, click.echo, everything=everything))


@main.group()
def policy() -> None:
    """The policy file: who may do what."""


@policy.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("expectations", type=click.Path(path_type=Path), required=False)
def policy_test(file: Path, expectations: Path | None) -> None:
    """Try a policy FILE against EXPECTATIONS, and those that stand in it; status 1 when something differs."""
    from bot.cli.policy_test import trial
    from bot.errors import KitestringError

    try:
        well = trial(file, expectations, click.echo, datetime.now(UTC))
    except KitestringError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(0 if well else 1)


@main.group()
def service() -> None:
    """The webhook by which Buildkite tells the bot of builds."""


@service.command("list")
def service_list() -> None:
    """Show what Buildkite sends elsewhere, without any token."""
    from bot.cli import webhook_setup

    _run(webhook_setup.show(_settings(), click.echo))


@service.command("add")
def service_add() -> None:
    """Make the webhook for KITESTRING_URL, or put right the one that is there."""
    from bot.cli import webhook_setup

    _run(webhook_setup.add(_settings(), click.echo))


@main.group()
def token() -> None:
    """The Buildkite API token that the bot asks with."""


@token.command("revoke")
@click.option("--yes", is_flag=True, help="Do not ask.")
def token_revoke(yes: bool) -> None:
    """Revoke BUILDKITE_API_TOKEN at Buildkite, for good: the bot can do nothing without another."""
    settings = _settings()
    from bot.cli.token_revocation import revoke
    from bot.runtime.clock import SystemClock

    _run(revoke(settings, SystemClock(), click.echo, (lambda _: True) if yes else click.confirm))


@main.group()
def audit() -> None:
    """Who did what."""


@audit.command("export")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="Where to; else the terminal.")
@click.option("--until", type=click.DateTime(), help="Only entries before that moment (UTC).")
@click.option("--prune", is_flag=True, help="Delete what was written from the database.")
def audit_export(output: TextIO, until: datetime | None, prune: bool) -> None:
    """Write the audit as JSON lines, oldest first."""
    from bot.cli.audit_export import export

    moment = until.replace(tzinfo=UTC) if until else None
    say = partial(click.echo, err=True)
    _run(export(_settings(), output, say, until=moment, prune=prune))


@main.command()
def doctor() -> None:
    """Check the settings against Slack, Buildkite and the database; status 1 when something is wrong."""
    settings = _settings()
    from bot.cli.doctor import examine
    from bot.cli.doctor.finding import report, well
    from bot.runtime.clock import SystemClock

    findings = asyncio.run(examine(settings, clock=SystemClock()))
    click.echo(report(findings))
    sys.exit(0 if well(findings) else 1)


@main.command()
@click.argument("path")
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page of a list.")
def api(path: str, page: int) -> None:
    """Read what stands at PATH below the organization at Buildkite: `audit_events`, `teams`, `services`.

    Tokens, secrets and the values of environments are not shown.
    """
    settings = _settings()
    from bot.cli.api_get import look
    from bot.runtime.clock import SystemClock

    _run(look(settings, path, page, click.echo, SystemClock()))


@main.command()
@click.option("--url", help="Where this bot is reached from outside: https://kitestring.example.com")
@click.option("--socket-mode", is_flag=True, help="For Socket Mode, which needs no URL.")
@click.option(
    "--command", default="/bk", envvar="KITESTRING_COMMAND", show_default=True, help="The slash command."
)
def manifest(url: str | None, socket_mode: bool, command: str) -> None:
    """Print the Slack app's manifest."""
    from bot.slack.manifest import manifest as written

    if url and socket_mode:
        raise click.UsageError("Give either --url or --socket-mode.")
    try:
        click.echo(written(url, socket=socket_mode, command=command), nl=False)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with status 1 if a page is out of date.")
def docs(check: bool) -> None:
    """Generate docs/commands.md, docs/configuration.md and docs/coverage.md from the code."""
    from bot.cli.docs import find_stale_pages, write_pages

    root = Path.cwd()
    if not (root / "docs/commands.md").exists():
        raise click.UsageError("There's no docs/commands.md here. Run this in a checkout.")
    if not check:
        write_pages(root)
        return
    stale = find_stale_pages(root)
    if stale:
        click.echo(f"Out of date: {', '.join(map(str, stale))}. Run `make docs` and commit the result.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="kitestring")
