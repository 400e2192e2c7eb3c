"""A member of the workspace and all that they can do."""

from bot.sim.slack.clicking import Clicking
from bot.sim.slack.filling import Filling
from bot.sim.slack.talking import Talking


class Person(Talking, Clicking, Filling):
    """Types, says, clicks, picks, searches, submits, closes, reacts; each act is one request to the app."""
