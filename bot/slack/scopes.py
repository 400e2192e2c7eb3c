"""Scopes that the bot's calls, events and features need in Slack.

If a scope depends on the kind of conversation, all kinds are listed, since the bot works in all of them.
https://docs.slack.dev/reference/scopes
"""

from __future__ import annotations

from collections.abc import Mapping

READ_SCOPES = frozenset({"channels:read", "groups:read", "im:read", "mpim:read"})
HISTORY_SCOPES = frozenset({"channels:history", "groups:history", "im:history", "mpim:history"})
MARK_SCOPES = HISTORY_SCOPES | {"metadata.message:read"}  # without it Slack omits the mark on messages
METHOD_SCOPES: Mapping[str, frozenset[str]] = {
    "apps.connections.open": frozenset(),  # takes the app-level token with connections:write
    "auth.test": frozenset(),
    "blocks.validate": frozenset(),  # needs no token
    "chat.getPermalink": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.unfurl": frozenset({"links:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": MARK_SCOPES,
    "conversations.info": READ_SCOPES,
    "conversations.list": frozenset({"channels:read", "groups:read"}),
    "conversations.members": READ_SCOPES,
    "conversations.open": frozenset({"im:write"}),
    "conversations.replies": MARK_SCOPES,
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "openid.connect.token": frozenset(),  # takes the app's id and secret
    "usergroups.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read", "users:read.email"}),
    "users.lookupByEmail": frozenset({"users:read.email"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.update": frozenset(),
}
"""Web API methods that the bot calls, with every scope they need."""
EVENT_SCOPES: Mapping[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "link_shared": frozenset({"links:read"}),
    "message.im": frozenset({"im:history"}),
}
"""Events that the bot subscribes to, with the scopes they need."""
FEATURE_SCOPES: Mapping[str, frozenset[str]] = {
    "slash_commands": frozenset({"commands"}),
    "shortcuts": frozenset({"commands"}),
}
"""Features in the manifest that need a scope of their own."""
ATTACHMENT_SCOPES = frozenset({"files:read"})
"""Files attached to a form are downloaded from their own address, not with a Web API method."""
