"""Stores files attached to forms and serves them to the bot's token.

https://docs.slack.dev/reference/objects/file-object
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simulators.slack.installation import Installation

Json = dict[str, Any]
FILES_PATH = "files-pri"
SCOPE = "files:read"
_KINDS = {"yml": ("yaml", "YAML", "text/plain"), "yaml": ("yaml", "YAML", "text/plain")}
_OTHER = ("text", "Plain Text", "text/plain")


@dataclass(frozen=True)
class Attachment:
    """A file on a person's computer."""

    name: str
    content: bytes


def attach_file(slack: Installation, user: str, given: Attachment) -> Json:
    """Upload a file as the client does for a form; return the file object."""
    file_id = slack.ids.object("F")
    kind, pretty, mime = _KINDS.get(given.name.rpartition(".")[2].lower(), _OTHER)
    inner = f"{slack.base_url}/{FILES_PATH}/{slack.team}-{file_id}"
    slack.attached_files[f"{slack.team}-{file_id}"] = given.content
    return {
        "id": file_id,
        "created": int(slack.now()),
        "timestamp": int(slack.now()),
        "name": given.name,
        "title": given.name,
        "mimetype": mime,
        "filetype": kind,
        "pretty_type": pretty,
        "user": user,
        "user_team": slack.team,
        "editable": True,
        "size": len(given.content),
        "mode": "snippet",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{inner}/{given.name}",
        "url_private_download": f"{inner}/download/{given.name}",
        "permalink": f"{slack.base_url}/files/{user}/{file_id}/{given.name}",
        "has_rich_preview": False,
        "file_access": "visible",
    }


def serve_file(slack: Installation, request: Request) -> Response:
    """Serve the bytes to the bot's token if it has the scope; redirect everyone else to the login."""
    key = request.url.path.partition(f"/{FILES_PATH}/")[2].split("/")[0]
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token != slack.bot_token or slack.revoked or SCOPE not in slack.scopes:
        return RedirectResponse(f"{slack.base_url}/?redir={request.url.path}", status_code=302)
    if key not in slack.attached_files:
        return Response(status_code=404)
    return Response(slack.attached_files[key], media_type="text/plain; charset=utf-8")
