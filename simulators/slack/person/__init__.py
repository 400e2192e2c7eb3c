"""A member of the workspace and all that they can do."""

from simulators.slack.person.clicks import ClickingActor
from simulators.slack.person.modals import FormActor
from simulators.slack.person.typing import TypingActor


class Person(TypingActor, ClickingActor, FormActor):
    """Types, says, clicks, picks, searches, submits, closes, reacts; each act is one request to the app."""
