"""The demo page draws charts and shows pictures."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from simulators.demo_page.app import DemoPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
DAYS = ("Mon 2", "Tue 3")


def make_chart(kind: str, **more: Any) -> dict[str, Any]:
    """Return a chart block with two series over two days, or with the given content."""
    series = [
        {"name": name, "data": [{"label": day, "value": value + at} for at, day in enumerate(DAYS)]}
        for name, value in (("Passed", 5), ("Failed", 2))
    ]
    axes = {"categories": list(DAYS), "x_label": "Day (UTC)", "y_label": "Builds"}
    chart = {"type": kind, **(more or {"series": series, "axis_config": axes})}
    return {"type": "data_visualization", "title": f"Builds as {kind}", "chart": chart}


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
async def test_a_chart_is_drawn_and_described(demo: DemoPage, page: Page, kind: str) -> None:
    """A chart has its title, a legend and labelled axes; screen readers get its numbers as a table."""
    demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", "Charts", [make_chart(kind)]))
    figure = page.get_by_role("figure")
    await expect(figure.locator("b")).to_have_text(f"Builds as {kind}")
    await expect(figure.locator(".chart-legend span")).to_have_text(["Passed", "Failed"])
    labels = await figure.locator("svg text").all_text_contents()
    assert {*DAYS, "Day (UTC)", "Builds"} <= set(labels)
    table = figure.get_by_role("table", name=f"Builds as {kind}")
    await expect(table.get_by_role("row").nth(2)).to_have_text("Tue 363")
    assert await figure.locator("rect:not(.chart-legend rect), polyline").count() == (4 if kind == "bar" else 2)


async def test_a_pie_is_drawn(demo: DemoPage, page: Page) -> None:
    """A pie has a slice for each segment."""
    segments = [{"label": "Passed", "value": 3}, {"label": "Failed", "value": 1}]
    demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", "Charts", [make_chart("pie", segments=segments)]))
    figure = page.get_by_role("figure")
    await expect(figure.locator("svg path")).to_have_count(2)
    await expect(figure.get_by_role("row", name="Failed")).to_contain_text("1")


async def test_a_picture_is_shown_with_its_alternative_text(demo: DemoPage, page: Page) -> None:
    """An uploaded PNG is visible on the page and has its alternative text."""
    png = io.BytesIO()
    Image.new("RGB", (64, 32), "#0072b2").save(png, "PNG")
    file = {
        "id": "F0CHART01",
        "name": "chart.png",
        "title": "Builds",
        "alt": "Two bars",
        "content": png.getvalue(),
    }
    demo.slack.uploads["chart"] = file
    message = demo.slack.make_bot_message("C0DEPLOYS", "")
    message.files = [{"id": file["id"], "name": file["name"], "title": file["title"], "size": 100}]
    demo.slack.post(message)
    picture = page.get_by_role("img", name="Two bars")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 64)
