"""The console script `kitestring`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bot import __version__

if TYPE_CHECKING:
    from bot.settings import Settings


# Each command imports what it needs itself, because Bolt and SQLAlchemy alone take 0.7 s to import.


def _settings() -> Settings:
    """Load the settings; if they're wrong, print one sentence for each problem and exit with status 2."""
    from bot.settings import InvalidSettings, load_settings

    try:
        return load_settings()
    except InvalidSettings as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)


def _run(work: Coroutine[object, None, None], loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Run to the end; an error that a person can fix is printed as a sentence, with status 2."""
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
    """Tie a Slack thread to a Buildkite build."""


@main.command()
@click.option("--no-migrate", is_flag=True, help="Don't migrate the database first.")
def serve(no_migrate: bool) -> None:
    """Run the bot with settings from the environment."""
    from bot.runtime import startup

    startup.speed_up_startup()
    settings = _settings()
    from bot.app import process
    from bot.runtime import log_setup

    log_setup.configure_logging(settings.log_level, settings.log_format)
    _run(
        process.serve(settings, migrate=not no_migrate, ready=startup.tune_collector), startup.find_loop_factory()
    )


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, envvar="PORT", show_default=True, show_envvar=True
)
def demo(port: int) -> None:
    """Try the bot in the browser, without Slack or Buildkite.

    Both are simulated. Runs in a checkout of the repository only.
    """
    from bot.cli.demo import run

    _run(run(port))


@main.command()
def migrate() -> None:
    """Migrate the database to this version."""
    settings = _settings()
    from bot.store.migrate import upgrade

    _run(upgrade(settings.database_url.get_secret_value()))


@main.command()
def rotate() -> None:
    """Re-encrypt stored secrets with the newest key.

    The first key of KITESTRING_SECRET_KEY is used; the other keys can be removed afterwards.
    """
    settings = _settings()
    from bot.cli import secret_rotation

    _run(secret_rotation.rotate(settings, click.echo))


@main.group()
def inbox() -> None:
    """Manage webhook deliveries that couldn't be read."""


@inbox.command("list")
def inbox_list() -> None:
    """List unreadable deliveries with the reason."""
    from bot.cli import inbox_admin

    _run(inbox_admin.print_unreadable(_settings(), click.echo))


@inbox.command("retry")
@click.argument("rows", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All unreadable deliveries.")
def inbox_retry(rows: tuple[int, ...], everything: bool) -> None:
    """Read ROWS again: numbers from `inbox list`."""
    from bot.cli import inbox_admin

    _run(inbox_admin.retry_rows(_settings(), rows, click.echo, everything=everything))


@inbox.command("drop")
@click.argument("rows", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All unreadable deliveries.")
def inbox_drop(rows: tuple[int, ...], everything: bool) -> None:
    """Delete ROWS: numbers from `inbox list`."""
    from bot.cli import inbox_admin

    _run(inbox_admin.drop_rows(_settings(), rows, click.echo, everything=everything))


@main.group()
def policy() -> None:
    """Check the policy file: who may do what."""


@policy.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("expectations", type=click.Path(path_type=Path), required=False)
def policy_test(file: Path, expectations: Path | None) -> None:
    """Check a policy FILE against EXPECTATIONS and its own.

    Exits with status 1 if a decision differs.
    """
    from bot.cli.policy_test import run_policy_test
    from bot.errors import KitestringError

    try:
        passed = run_policy_test(file, expectations, click.echo, datetime.now(UTC))
    except KitestringError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(0 if passed else 1)


@main.group()
def service() -> None:
    """Set up the webhook that Buildkite sends events to."""


@service.command("list")
def service_list() -> None:
    """List Buildkite's notification services, without tokens."""
    from bot.cli import webhook_setup

    _run(webhook_setup.print_services(_settings(), click.echo))


@service.command("add")
def service_add() -> None:
    """Create or repair the webhook for KITESTRING_URL."""
    from bot.cli import webhook_setup

    _run(webhook_setup.set_up_webhook(_settings(), click.echo))


@main.group()
def token() -> None:
    """Manage the bot's Buildkite API token."""


@token.command("revoke")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def token_revoke(yes: bool) -> None:
    """Revoke BUILDKITE_API_TOKEN permanently.

    The bot can't work until it gets another token.
    """
    settings = _settings()
    from bot.cli.token_revocation import revoke_token
    from bot.runtime.clock import SystemClock

    _run(revoke_token(settings, SystemClock(), click.echo, (lambda _: True) if yes else click.confirm))


@main.group("api-token")
def api_token() -> None:
    """Manage the API tokens of programs that call the bot."""


@api_token.command("create")
@click.argument("name")
@click.option("--owner", metavar="USER", help="Slack id of the person it acts as, such as U012ABCDEF.")
@click.option("--service", help="Service it acts as, whose policy group is service:NAME.")
@click.option("--permission", "permissions", multiple=True, help="Only these permissions; may be repeated.")
@click.option("--pipeline", "pipelines", multiple=True, help="Only these pipelines or patterns; may be repeated.")
@click.option("--channel", help="Id of the channel where its acts are announced.")
@click.option("--expires", default="90d", show_default=True, help="Time until it expires, at most 365d.")
def api_token_create(name: str, owner: str | None, **limits: str | tuple[str, ...] | None) -> None:
    """Create the API token NAME and print it, once."""
    from bot.cli import api_tokens
    from bot.runtime.clock import SystemClock

    given = {"name": name, **{option: value for option, value in limits.items() if value}}
    _run(api_tokens.create_token(_settings(), SystemClock(), click.echo, owner, given))


@api_token.command("list")
def api_token_list() -> None:
    """List valid API tokens: id, name, owner, permissions, pipelines, expiry, last use."""
    from bot.cli import api_tokens
    from bot.runtime.clock import SystemClock

    _run(api_tokens.print_tokens(_settings(), SystemClock(), click.echo))


@api_token.command("revoke")
@click.argument("token")
def api_token_revoke(token: str) -> None:
    """Revoke the API token with the id or name TOKEN."""
    from bot.cli import api_tokens
    from bot.runtime.clock import SystemClock

    _run(api_tokens.revoke_token(_settings(), SystemClock(), click.echo, token))


@main.group()
def audit() -> None:
    """Export the audit log: who did what."""


@audit.command("export")
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8"),
    default="-",
    help="File to write to; default: standard output.",
)
@click.option(
    "--until", type=click.DateTime(), metavar="TIME", help="Only entries before TIME (UTC), such as 2026-08-21."
)
@click.option("--prune", is_flag=True, help="Delete the exported entries from the database.")
def audit_export(output: TextIO, until: datetime | None, prune: bool) -> None:
    """Write the audit log as JSON lines, oldest first."""
    from bot.cli.audit_export import export_audit

    moment = until.replace(tzinfo=UTC) if until else None
    echo = partial(click.echo, err=True)
    _run(export_audit(_settings(), output, echo, until=moment, prune=prune))


@main.command()
def doctor() -> None:
    """Check the settings against Slack, Buildkite and the database.

    Exits with status 1 if something is wrong.
    """
    settings = _settings()
    from bot.cli.doctor import examine
    from bot.cli.doctor.finding import is_healthy, render_report, summarize
    from bot.runtime.clock import SystemClock

    findings = asyncio.run(examine(settings, clock=SystemClock()))
    click.echo(f"{render_report(findings)}\n\n{summarize(findings)}")
    sys.exit(0 if is_healthy(findings) else 1)


@main.command()
@click.argument("path")
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page of a list.")
def api(path: str, page: int) -> None:
    """GET an organization-scoped API PATH and print it.

    PATH is, for example, audit_events, teams or services. Tokens, secrets and environment values are masked.
    """
    settings = _settings()
    from bot.cli.api_get import print_documents
    from bot.runtime.clock import SystemClock

    _run(print_documents(settings, path, page, click.echo, SystemClock()))


@main.command()
@click.option("--url", help="Public URL of this bot, such as https://kitestring.example.com")
@click.option("--socket-mode", is_flag=True, help="For Socket Mode, which doesn't need a URL.")
@click.option(
    "--command", default="/bk", envvar="KITESTRING_COMMAND", show_default=True, help="The slash command."
)
@click.option(
    "--slackbot", is_flag=True, help="Let Slackbot call the bot for people; needs KITESTRING_SLACKBOT=on."
)
@click.option("--sign-in", is_flag=True, help="Let people sign in with Slack from their MCP clients.")
def manifest(url: str | None, socket_mode: bool, command: str, slackbot: bool, sign_in: bool) -> None:
    """Print the Slack app's manifest."""
    from bot.slack.manifest import EXAMPLE_URL, render_manifest

    if url and socket_mode:
        raise click.UsageError("Use either --url or --socket-mode, not both.")
    if not url and not socket_mode:
        click.echo(f"The addresses are examples ({EXAMPLE_URL}): pass --url or --socket-mode.", err=True)
    try:
        click.echo(render_manifest(url, socket_mode, command, slackbot=slackbot, sign_in=sign_in), nl=False)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def skill(folder: Path) -> None:
    """Write the Agent Skill to FOLDER/kitestring: instructions for coding agents, with a script."""
    from bot.listeners.skills.skill_contents import NAME, make_skill
    from commands import registry

    for path, text in make_skill(registry()).items():
        file = folder / NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    click.echo(f"Wrote {folder / NAME}.")


@main.command()
@click.option("--url", help="Address of this bot, such as https://kitestring.example.com")
def capability(url: str | None) -> None:
    """Print the operations as a Naftiko capability, for engines that deploy one as REST, MCP or a skill."""
    import yaml

    from bot.listeners.skills.capability import make_capability
    from bot.slack.manifest import EXAMPLE_URL
    from commands import registry

    if not url:
        click.echo(f"The address is an example ({EXAMPLE_URL}): pass --url.", err=True)
    try:
        document = make_capability(registry(), url or EXAMPLE_URL)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120), nl=False)


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with status 1 if a page is out of date.")
def docs(check: bool) -> None:
    """Generate the reference pages of docs/ from the code."""
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
