"""A member of the workspace and all their actions."""

from simulators.slack.person.clicks import ClickingActor
from simulators.slack.person.modals import FormActor
from simulators.slack.person.typing import TypingActor


class Person(TypingActor, ClickingActor, FormActor):
    """Types, posts, clicks, picks, searches, submits, closes, reacts; each action is one request to the app."""
