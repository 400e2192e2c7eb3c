"""The demo's people, builds, tips and settings, and the servers it runs."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bot.app.process import serve
from bot.cli.api_tokens import create_token
from bot.cli.demo_agents import AGENTS
from bot.cli.demo_policy import render_policy
from bot.cli.demo_tips import ALICE, ALICES_TOKEN, BOB, COMMAND, GUEST, TIPS
from bot.errors import KitestringError
from bot.runtime import log_setup
from bot.runtime.clock import SystemClock
from bot.settings import Settings, load_settings
from bot.slack.manifest import EVENTS_PATH, list_bot_scopes, load_template
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.seed_history import seed_past
from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.app import DemoPage
from simulators.demo_page.build_pages import with_pages
from simulators.demo_page.demo_state import DemoAgent
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim

WEBHOOKS = "/buildkite/webhooks"
# Ports above the wanted one that are tried if it's in use.
_MORE_PORTS = 20


async def serve_demo(port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the page on 127.0.0.1:`port` (0: a free one) until cancelled or interrupted.

    `ready` gets the page's address once everything runs; without it the address is printed.
    If the port is in use, the next free one is taken. Raise KitestringError if there is none near it.
    """
    chosen = _choose_port(port)
    if chosen != port and ready is None:
        click.echo(f"\n  Port {port} is in use, so the demo runs on {chosen}.")
    slack, buildkite = make_workspace(), make_organization()
    page = DemoPage(
        slack,
        buildkite,
        hints=make_hints(),
        shortcuts=_shortcuts("message"),
        globals=_shortcuts("global"),
    )
    with TemporaryDirectory(prefix="kitestring-demo-") as folder:
        async with (
            Serving(slack.app) as slack.base_url,
            Serving(with_pages(buildkite)) as buildkite.base_url,
            Serving(page.app, port=chosen) as address,
        ):
            settings = _settings(slack, buildkite, Path(folder))
            log_setup.configure_logging(settings.log_level, settings.log_format)
            await _serve_until_stopped(page, settings, lambda: (ready or _announce)(address))


async def _serve_until_stopped(page: DemoPage, settings: Settings, ready: Callable[[], None]) -> None:
    """Run the bot and the page until either ends or a signal arrives; raise what the bot raised."""
    listening = asyncio.Event()
    playing = asyncio.create_task(page.run())
    serving = asyncio.create_task(serve(settings, ready=lambda *_: listening.set()))
    introducing = asyncio.create_task(_introduce_agents(page, settings, listening, ready))
    with _catch_signals() as stopping:
        waiting = asyncio.create_task(stopping.wait())
        introducing.add_done_callback(lambda task: stopping.set() if _has_failed(task) else None)
        tasks = {playing, serving, waiting}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, introducing):
                task.cancel()
            await asyncio.wait({*tasks, introducing})
    for task in (serving, playing, introducing):
        if not task.cancelled():
            task.result()


async def _introduce_agents(
    page: DemoPage, settings: Settings, listening: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Give the page's AI agents their tokens once the bot runs, and say that all is ready."""
    await listening.wait()
    for agent in AGENTS:
        printed: list[object] = []
        await create_token(settings, SystemClock(), printed.append, agent.owner, agent.arguments)
        url = f"http://127.0.0.1:{settings.port}/mcp"
        page.agents.append(DemoAgent(agent.name, agent.about, str(printed[0]), url))
    page.pulse.notify()
    ready()


def _has_failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


@contextmanager
def _catch_signals() -> Iterator[asyncio.Event]:
    """Yield an event that Ctrl-C and SIGTERM set."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    yield stopping
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)


def _settings(slack: SlackSim, buildkite: BuildkiteSim, folder: Path) -> Settings:
    """Return the bot's settings, and point both simulators at its address."""
    port, token = _free_port(), secrets.token_urlsafe(24)
    bot = f"http://127.0.0.1:{port}"
    slack.request_url = bot + EVENTS_PATH
    buildkite.add_webhook(bot + WEBHOOKS, token)
    policy = folder / "policy.toml"
    policy.write_text(render_policy(datetime.now(UTC)), encoding="utf-8")
    return load_settings(
        {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": f"{slack.base_url}/api/",
            "BUILDKITE_API_TOKEN": buildkite.token,
            "BUILDKITE_ORGANIZATION_SLUG": buildkite.org,
            "BUILDKITE_REST_API_ENDPOINT": buildkite.base_url,
            "BUILDKITE_AGENT_TOKEN": buildkite.agent_token,
            "BUILDKITE_AGENT_ENDPOINT": f"{buildkite.base_url}/v3",
            "BUILDKITE_WEBHOOK_TOKEN": token,
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'demo.db'}",
            "KITESTRING_COMMAND": COMMAND,
            "KITESTRING_POLICY": str(policy),
            "PORT": str(port),
            "LOG_LEVEL": "warning",
        }
    )


def _choose_port(wanted: int) -> int:
    """Return the wanted port, or the first free one of those above it; 0 stays 0."""
    last = min(wanted + _MORE_PORTS, 65535) if wanted else 0
    free = next((port for port in range(wanted, last + 1) if _is_free(port)), None)
    if free is None:
        raise KitestringError(
            f"The ports from {wanted} to {last} are all in use.", "Choose another one: make demo PORT=4000."
        )
    return free


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_workspace() -> SlackSim:
    """Return a workspace with three people and three channels; the app has what its manifest asks for."""
    app_manifest = load_template()
    slack = SlackSim(signing_secret=secrets.token_hex(16))
    slack.scopes = set(list_bot_scopes())
    slack.subscriptions = set(app_manifest.settings.event_subscriptions.bot_events)
    slack.command_names = {COMMAND}
    slack.unfurl_domains = {"127.0.0.1"}  # the simulated Buildkite's host; in a real workspace it is buildkite.com
    slack.person(ALICE, "alice", real_name="Alice Okafor", admin=True)
    slack.person(BOB, "bob", real_name="Bob Lind")
    slack.person(GUEST, "gwen", real_name="Gwen Park", guest=True)
    slack.channel("C0DEPLOYS", "deploys")
    slack.channel("C0WEB0001", "web")
    slack.channel("C0RANDOM1", "random", bot_in=False)
    for person in slack.people.values():
        slack.open_direct(person.id, slack.bot.id)
    return slack


def make_organization() -> BuildkiteSim:
    """Return an organization with a week of past builds and an API token for Alice."""
    buildkite = BuildkiteSim()
    seed_demo(buildkite)
    buildkite.personal_token("Alice Okafor", ALICES_TOKEN)
    seed_past(buildkite)
    for number, pipeline in enumerate(buildkite.pipelines.values(), start=1):
        pipeline.last_number = 40 * number
    return buildkite


def _shortcuts(kind: str) -> list[dict[str, str]]:
    shortcuts = load_template().features.shortcuts
    return [{"name": s.name, "callback_id": s.callback_id} for s in shortcuts if s.type == kind]


def make_hints() -> dict[str, object]:
    """Return what Slack's composer knows of the app, its slash command with its hint, and the tips."""
    features = load_template().features
    command, name = features.slash_commands[0], features.bot_user["display_name"]
    known = {"command": COMMAND, "usage": command.usage_hint, "summary": command.description}
    return {**known, "mention": f"@{name}", "tries": list(TIPS)}


def _announce(address: str) -> None:
    click.echo(f"\n  Kitestring demo:  {address}\n\n  Slack and Buildkite are simulated. Press Ctrl-C to stop.\n")
