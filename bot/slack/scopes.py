"""Which scopes the bot's calls, events and features need at Slack.

Where the scope depends on the kind of conversation, all kinds are listed: the bot may be asked anywhere.
https://docs.slack.dev/reference/scopes
"""

from __future__ import annotations

from collections.abc import Mapping

READ = frozenset({"channels:read", "groups:read", "im:read", "mpim:read"})
HISTORY = frozenset({"channels:history", "groups:history", "im:history", "mpim:history"})
MARKED = HISTORY | {"metadata.message:read"}  # the mark on a message is left out of the answer without it
METHODS: Mapping[str, frozenset[str]] = {
    "apps.connections.open": frozenset(),  # takes the app-level token with connections:write
    "auth.test": frozenset(),
    "chat.getPermalink": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.unfurl": frozenset({"links:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": MARKED,
    "conversations.info": READ,
    "conversations.list": frozenset({"channels:read", "groups:read"}),
    "conversations.members": READ,
    "conversations.open": frozenset({"im:write"}),
    "conversations.replies": MARKED,
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "usergroups.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read", "users:read.email"}),
    "users.lookupByEmail": frozenset({"users:read.email"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.update": frozenset(),
}
"""Web API methods that the bot may call, with every scope that they use."""
EVENTS: Mapping[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "link_shared": frozenset({"links:read"}),
    "message.im": frozenset({"im:history"}),
}
"""Events that the bot subscribes to."""
FEATURES: Mapping[str, frozenset[str]] = {
    "slash_commands": frozenset({"commands"}),
    "shortcuts": frozenset({"commands"}),
}
"""Parts of the manifest that need a scope by themselves."""
ATTACHED = frozenset({"files:read"})
"""A file that somebody attaches to a form is fetched by its own address, not by a method."""
