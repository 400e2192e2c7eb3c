"""A faithful stand-in for Slack over real HTTP: one workspace, its people, one app."""

from bot.sim.slack.attached import Attachment
from bot.sim.slack.delivery import Ack, Event
from bot.sim.slack.errors import Impossible, NoSuchControl
from bot.sim.slack.person import Person
from bot.sim.slack.sim import SlackSim
from bot.sim.slack.views import View
from bot.sim.slack.web import Call
from bot.sim.slack.workspace import APP_ID, BOT_ID, BOT_USER
from bot.sim.slack.world import Channel, Group, Message

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
    "Impossible",
    "Message",
    "NoSuchControl",
    "Person",
    "SlackSim",
    "View",
]
