"""The demo: the real bot between a simulated Slack and a simulated Buildkite, with a page to try it on."""

from collections.abc import Callable

from bot.errors import KitestringError

SIMULATORS = "simulators"


class SimulatorsMissing(KitestringError):
    """Raised where Kitestring is installed without its simulators, as in the production image."""


async def run(port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the demo page on 127.0.0.1:`port` (0: a free one) until cancelled or interrupted.

    `ready` gets the page's address once everything runs; without it the address is printed.
    If the port is in use, the next free one is taken. Raise SimulatorsMissing if the simulators aren't installed.
    """
    try:
        # Imported here because packages and images of Kitestring leave the simulators out.
        from bot.cli.demo_setup import serve_demo
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != SIMULATORS:
            raise
        raise SimulatorsMissing(
            "The demo needs the `simulators` package, which isn't installed here.",
            "Run `make demo` in a checkout of Kitestring's repository.",
        ) from None
    await serve_demo(port, ready=ready)
