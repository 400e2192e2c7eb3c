"""files.*: the three steps of an upload (https://docs.slack.dev/messaging/working-with-files)."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.state import BOT_USER

Json = dict[str, Any]


def get_upload_url(slack: Installation, args: Arguments) -> Json:
    """Return where to POST the bytes: step one of three."""
    length = args.number("length", 0)
    if length <= 0:
        raise ApiError.with_messages("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    file = {"id": slack.ids.object("F"), "name": args.require("filename"), "length": length}
    key = slack.ids.token()
    slack.uploads[key] = file | {"title": file["name"], "content": None, "alt": args.text("alt_txt")}
    return {"upload_url": f"{slack.base_url}/upload/v1/{key}", "file_id": file["id"]}


def complete_upload(slack: Installation, args: Arguments) -> Json:
    """Share the uploaded files as a message of the bot: step three."""
    listed = args.json("files")
    if not isinstance(listed, list) or not listed:
        raise ApiError.with_messages("invalid_arguments", ["missing required field: files"])
    files = [_find_upload(slack, entry) for entry in listed]
    if "channel_id" in args:
        _share(slack, args, files)
    return {"files": [{"id": file["id"], "title": file["title"]} for file in files]}


def _find_upload(slack: Installation, entry: Any) -> Json:
    wanted = entry.get("id") if isinstance(entry, dict) else None
    for file in slack.uploads.values():
        if file["id"] == wanted and file["content"] is not None:
            file["title"] = entry.get("title") or file["name"]
            return file
    raise ApiError("file_not_found")


def _share(slack: Installation, args: Arguments, files: list[Json]) -> None:
    channel = slack.find_bot_channel(args.text("channel_id"))
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    thread_ts = args.text("thread_ts") or None
    message = slack.make_bot_message(channel.id, args.text("initial_comment"), thread_ts=thread_ts)
    message.files = [
        {"id": f["id"], "name": f["name"], "title": f["title"], "size": len(f["content"])}
        | ({"alt_txt": f["alt"]} if f["alt"] else {})
        for f in files
    ]
    slack.post(message)


METHODS = (
    Method("files.getUploadURLExternal", get_upload_url, ("files:write",)),
    Method("files.completeUploadExternal", complete_upload, ("files:write",)),
)
