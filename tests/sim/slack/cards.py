"""Blocks and views that several tests post."""

from typing import Any

Json = dict[str, Any]


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(label: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": words(label), **more}


CARD: list[Json] = [
    {
        "type": "section",
        "block_id": "build_head",
        "text": {
            "type": "mrkdwn",
            "text": "*web-app* <https://buildkite.example/acme/web-app/builds/42|#42> is blocked",
        },
    },
    {
        "type": "actions",
        "block_id": "build_actions",
        "elements": [
            button("Unblock", "unblock", style="primary", value="row-1"),
            button("Cancel", "cancel", style="danger", value="row-1"),
        ],
    },
]
METADATA = {"event_type": "build_card", "event_payload": {"pipeline": "web-app", "number": 42}}
SELECT: Json = {
    "type": "actions",
    "block_id": "branch_row",
    "elements": [
        {
            "type": "static_select",
            "action_id": "pick_branch",
            "placeholder": words("Branch"),
            "options": [
                {"text": words("main"), "value": "main"},
                {"text": words("develop"), "value": "develop"},
            ],
        }
    ],
}


def text_input(block_id: str, label: str, **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": f"{block_id}_input"}
    return {"type": "input", "block_id": block_id, "label": words(label), "element": element, **more}


FORM: Json = {
    "type": "modal",
    "callback_id": "new_build",
    "title": words("New build"),
    "submit": words("Run"),
    "close": words("Cancel"),
    "notify_on_close": True,
    "private_metadata": "row-7",
    "blocks": [
        {
            "type": "input",
            "block_id": "pipeline",
            "label": words("Pipeline"),
            "element": {
                "type": "external_select",
                "action_id": "pipeline_select",
                "min_query_length": 1,
                "placeholder": words("Search"),
            },
        },
        text_input("branch", "Branch"),
        text_input("env", "Environment", optional=True),
    ],
}
OPTIONS = {"options": [{"text": words("web-app"), "value": "web-app"}]}
HOME: Json = {
    "type": "home",
    "blocks": [
        {
            "type": "actions",
            "block_id": "home_actions",
            "elements": [button("Refresh", "home_refresh", value="refresh", style="primary")],
        }
    ],
}
