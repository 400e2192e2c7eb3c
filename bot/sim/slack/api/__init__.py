"""The Web API methods, by name."""

from bot.sim.slack.api import apps, chat, conversations, files, reading, users, views
from bot.sim.slack.api.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for module in (apps, chat, conversations, files, reading, users, views)
    for method in module.METHODS
}
