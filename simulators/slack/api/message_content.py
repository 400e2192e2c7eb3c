"""Reads a message's text, blocks and metadata, refusing what Slack refuses."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.errors import ApiError
from simulators.slack.validation.blocks import check_blocks, load_limits
from simulators.slack.validation.problems import BlockProblems

Json = dict[str, Any]
METADATA_BYTES = 8_000
TRUNCATED = "[WARN] Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."


@dataclass(frozen=True)
class Content:
    """Text and blocks that Slack accepts, with its warnings."""

    text: str
    blocks: list[Json] | None
    warnings: Json = field(default_factory=dict)


def read_content(args: Arguments, unknown: Collection[str] = ()) -> Content:
    """Read text and blocks.

    `unknown` are block types that this workspace doesn't have yet. Raise ApiError no_text, invalid_blocks,
    invalid_blocks_format, markdown_text_conflict.
    """
    blocks = args.json("blocks", "invalid_blocks_format")
    text = args.text("text")
    if "markdown_text" in args:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": args.text("markdown_text")}]
    if blocks:
        _refuse_invalid(blocks, unknown)
    if not text and not blocks and not args.json("attachments"):
        raise ApiError("no_text")
    return _truncate(text, blocks or None)


def _refuse_invalid(blocks: Any, unknown: Collection[str]) -> None:
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    found = find_problems(blocks, unknown)
    if found:
        raise ApiError.with_messages("invalid_blocks", found.render_lines())


def find_problems(blocks: Any, unknown: Collection[str], pointer: str = "/blocks") -> BlockProblems:
    """Return the problems of a message's blocks in a workspace that doesn't have the `unknown` types yet."""
    found = check_blocks(blocks, "message", pointer)
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict) and block.get("type") in unknown:
            found.add(f"unsupported type: {block['type']}", f"{pointer}/{index}/type")
    return found


def _truncate(text: str, blocks: list[Json] | None) -> Content:
    most = load_limits()["not_in_source"]["message_text_truncated_at"]
    if len(text) <= most:
        return Content(text, blocks)
    warning = {"response_metadata": {"messages": [TRUNCATED], "warnings": ["message_truncated"]}}
    return Content(text[:most], blocks, warning)


def read_metadata(args: Arguments) -> Json | None:
    """Read the metadata; {} clears it. Raise ApiError invalid_metadata_format, metadata_too_large."""
    given = args.json("metadata", "invalid_metadata_format")
    if given is None or given == {}:
        return None if given is None else {}
    if not isinstance(given, dict) or not isinstance(given.get("event_type"), str):
        raise ApiError("invalid_metadata_format")
    if not isinstance(given.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    if len(json.dumps(given)) > METADATA_BYTES:
        raise ApiError("metadata_too_large")
    return dict(given)
