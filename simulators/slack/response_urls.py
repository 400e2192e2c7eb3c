"""Handles posts to response URLs and file uploads."""

import email
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.message_content import Content, read_content
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Message
from simulators.slack.triggers import ResponseUrl
from simulators.slack.validation.defaults import normalize_blocks

Json = dict[str, Any]


def answer_response_url(slack: Installation, path: str, body: bytes) -> Response:
    """Handle a post: 200 `ok`, 404 if the URL is used up, expired or unknown, `refusal_status` for a bad body."""
    try:
        hook = slack.callbacks.use_response_url(path)
    except ApiError as refusal:
        return JSONResponse({"ok": False, "error": refusal.error}, status_code=404)
    try:
        sent = json.loads(body)
        if not isinstance(sent, dict):
            raise ApiError("invalid_payload")
        respond(slack, hook, sent)
    except ValueError:
        return JSONResponse({"ok": False, "error": "invalid_payload"}, status_code=slack.refusal_status)
    except ApiError as refusal:
        answer = {"ok": False, "error": refusal.error} | refusal.details
        return JSONResponse(answer, status_code=slack.refusal_status)
    return HTMLResponse("ok")


def respond(slack: Installation, hook: ResponseUrl, sent: Json) -> None:
    """Show the body of a post to a response URL, or of a command's acknowledgement.

    Raise ApiError no_text, invalid_blocks.
    """
    if sent.get("delete_original"):
        if hook.source is not None:
            slack.delete(hook.source)
        return
    content = read_content(Arguments(sent), slack.unknown_blocks)
    if sent.get("replace_original") and hook.source is not None:
        _replace(slack, hook, content)
    else:
        message = _post(slack, hook, sent, content)
        # A command has no message of its own: its URL edits what was first posted through it.
        hook.source = message if hook.path.startswith("/commands/") else hook.source


def _replace(slack: Installation, hook: ResponseUrl, content: Content) -> None:
    message = hook.source
    if message is None:
        return
    blocks = normalize_blocks(content.blocks, lambda: slack.ids.token(5)) if content.blocks else None
    message.edit(content.text, blocks, message.metadata)
    kind = "ephemeral" if message.only_for else "message"
    slack.changes.notify(kind, channel=message.channel, user=message.only_for, ts=message.ts)


def _post(slack: Installation, hook: ResponseUrl, sent: Json, content: Content) -> Message:
    thread_ts = sent.get("thread_ts")
    message = slack.make_bot_message(hook.channel, content.text, content.blocks, thread_ts=thread_ts)
    if sent.get("response_type") == "in_channel":
        return slack.post(message)
    message.only_for = hook.user
    return slack.post_ephemeral(message)


def take_upload(slack: Installation, request: Request, body: bytes) -> Response:
    """Store an upload, raw or as one multipart file; its length must be as announced."""
    file = slack.uploads.get(request.url.path.rsplit("/", 1)[-1])
    if file is None:
        return PlainTextResponse("not found", status_code=404)
    content = _read_file(request.headers.get("content-type", ""), body)
    if len(content) != file["length"]:
        return PlainTextResponse("wrong length", status_code=400)
    file["content"] = content
    slack.changes.notify("file", id=file["id"])
    return PlainTextResponse(f"OK - {len(content)}")


def _read_file(content_type: str, body: bytes) -> bytes:
    if not content_type.startswith("multipart/form-data"):
        return body
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
    first = next(iter(parts), None)
    content = first.get_payload(decode=True) if first is not None else b""
    return content if isinstance(content, bytes) else b""
