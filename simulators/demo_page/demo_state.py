"""The two simulators behind the demo page, whether builds run automatically, and AI agents."""

from dataclasses import dataclass, field
from typing import NamedTuple

from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.autoplay import Autoplay
from simulators.slack.sim import SlackSim


class DemoAgent(NamedTuple):
    """An agent with a token of its own; `url` is the address of the bot's tools, `about` says what it may do."""

    name: str
    about: str
    token: str
    url: str


@dataclass
class DemoState:
    """All that the page's actions can change."""

    slack: SlackSim
    buildkite: BuildkiteSim
    autoplay: Autoplay = field(default_factory=Autoplay)
    agents: list[DemoAgent] = field(default_factory=list)
