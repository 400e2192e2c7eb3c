"""Simulates Slack over real HTTP: one workspace, its people, one app."""

from simulators.slack.delivery import Ack, Event
from simulators.slack.errors import NoSuchControl, NotPossible
from simulators.slack.form_files import Attachment
from simulators.slack.installation import Call
from simulators.slack.models import Channel, Group, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from simulators.slack.state import APP_ID, BOT_ID, BOT_USER
from simulators.slack.views import View

__all__ = [
    "APP_ID",
    "BOT_ID",
    "BOT_USER",
    "Ack",
    "Attachment",
    "Call",
    "Channel",
    "Event",
    "Group",
    "Message",
    "NoSuchControl",
    "NotPossible",
    "Person",
    "SlackSim",
    "View",
]
