"""The Web API methods, by name."""

from simulators.slack.api import apps, chat, conversations, files, history, open_id, users, views
from simulators.slack.api.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for module in (apps, chat, conversations, files, history, open_id, users, views)
    for method in module.METHODS
}
