"""A member of the workspace and all that they can do."""

from simulators.slack.person.clicks import Clicking
from simulators.slack.person.modals import Filling
from simulators.slack.person.typing import Talking


class Person(Talking, Clicking, Filling):
    """Types, says, clicks, picks, searches, submits, closes, reacts; each act is one request to the app."""
