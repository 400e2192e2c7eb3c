"""The Web API methods, by name."""

from simulators.slack.api import apps, chat, conversations, files, history, users, views
from simulators.slack.api.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for module in (apps, chat, conversations, files, history, users, views)
    for method in module.METHODS
}
