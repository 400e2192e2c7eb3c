"""Checks that Slack accepts a table and a chart as the bot draws them."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli.doctor.finding import Finding
from bot.cli.doctor.slack_answers import CONNECTION_ERRORS, find_reason
from bot.slack.blockkit.blocks import Block
from bot.slack.blockkit.charts import Chart, Series, chart_block
from bot.slack.blockkit.data_tables import Table, render_table

NAME = "Slack layouts"


async def check_layouts(client: AsyncWebClient) -> Finding:
    """Ask Slack about both layouts; no other service knows which blocks it takes.

    https://docs.slack.dev/reference/methods/blocks.validate
    """
    refused = []
    try:
        for noun, blocks in draw_samples().items():
            problem = await _find_problem(client, blocks)
            refused += [f"refuses {noun} ({problem})"] if problem else []
    except SlackApiError as error:
        return Finding(NAME, None, f"can't be checked: Slack answered {find_reason(error)}.")
    except CONNECTION_ERRORS:
        return Finding(NAME, None, "can't be checked while Slack can't be reached.")
    if refused:
        remedy = "Lists are sent as text and charts as pictures instead. Look for a newer version of Kitestring."
        return Finding(NAME, False, f"Slack {' and '.join(refused)}.", remedy)
    return Finding(NAME, True, "Slack accepts tables and charts.")


def draw_samples() -> dict[str, list[Block]]:
    """Return a small table and a small chart."""
    table = Table(("Build", "State"), (("web#1", "passed"), ("web#2", "failed")), "Builds of web")
    chart = Chart("Builds per day", ("Mon", "Tue"), (Series("Passed", (5.0, 3.0)),), "Day", "Builds")
    return {"tables": render_table(table), "charts": [chart_block(chart, "chart:0")]}


async def _find_problem(client: AsyncWebClient, blocks: list[Block]) -> str | None:
    """Return the first thing that Slack has against blocks. Raise SlackApiError if it doesn't check them."""
    try:
        await client.api_call("blocks.validate", json={"blocks": [dict(block) for block in blocks]})
    except SlackApiError as error:
        data = error.response.data
        if not isinstance(data, dict) or data.get("error") != "invalid_blocks":
            raise
        return _describe_first(data.get("errors"))
    return None


def _describe_first(errors: object) -> str:
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "invalid_blocks"
    return f"{first.get('message')} at {first.get('pointer')}"
