"""The two simulators behind the demo page, and whether builds run automatically."""

from dataclasses import dataclass, field

from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.autoplay import Autoplay
from simulators.slack.sim import SlackSim


@dataclass
class DemoState:
    """All that the page's actions can change."""

    slack: SlackSim
    buildkite: BuildkiteSim
    autoplay: Autoplay = field(default_factory=Autoplay)
