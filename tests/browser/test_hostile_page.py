"""The injection corpus on the demo's page and on a build's page: nothing runs, nothing leads elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from bot.slack.blockkit.blocks import Message
from simulators.demo_page.app import DemoPage
from simulators.demo_page.build_pages import with_pages
from simulators.http_server import Serving
from tests.injection.corpus import CORPUS, EVIL
from tests.injection.surfaces import SURFACES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WRITTEN = tuple(text.encode("utf-8", "replace").decode() for text in CORPUS if len(text) < 500)
RUNNING = """() => ({
    handlers: [...document.querySelectorAll('*')]
        .flatMap((one) => [...one.attributes]).filter((its) => /^on/i.test(its.name)).length,
    foreign: document.querySelectorAll('iframe, object, embed, base, meta[http-equiv], svg script').length,
    scripts: [...document.scripts].map((one) => one.src),
    images: [...document.images].map((one) => one.src),
    links: [...document.querySelectorAll('[href]')].map((one) => one.href),
})"""


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(page: Page) -> AsyncIterator[Page]:
    """The page; the test fails where a script opens a dialog or another window."""
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("popup", lambda popup: wrong.append(popup.url))
    yield page
    assert wrong == []


async def shows(page: Page, messages: int) -> None:
    """Wait until so many messages are there."""
    await page.locator("#channel article").nth(messages - 1).wait_for(state="attached")


async def found(page: Page) -> dict[str, Any]:
    """What on the page could run or lead somewhere; nothing of it is inline or from elsewhere."""
    here: dict[str, Any] = await page.evaluate(RUNNING)
    origin = await page.evaluate("location.origin")
    assert (here["handlers"], here["foreign"]) == (0, 0)
    assert [src for src in here["scripts"] if not src.startswith(origin + "/")] == []
    assert [src for src in here["images"] if not src.startswith((origin + "/", "data:image/"))] == []
    assert [href for href in here["links"] if not href.startswith(("http://", "https://", "mailto:"))] == []
    return here


async def test_what_the_bot_says_leads_nowhere_else(stage: DemoPage, quiet: Page) -> None:
    """Each text in a card, an answer and a build of the panel: no call, and links to Buildkite alone."""
    texts = [text for text in WRITTEN if not text.startswith("https://")]
    said = [drawn for text in texts for name in ("card", "reply") for drawn in SURFACES[name](text)]
    shown = [drawn for drawn in said if isinstance(drawn, Message)][::9]
    for drawn in shown:
        blocks = [dict(block) for block in drawn.blocks]
        stage.slack.post(stage.slack.by_bot("C0DEPLOYS", drawn.text, blocks))
    for text in WRITTEN[::6]:
        stage.buildkite.create_build_elsewhere("web", text[:200], text[:2000], creator=text[:200] or "x")
    await shows(quiet, len(shown))
    links = (await found(quiet))["links"]
    assert [href for href in links if EVIL in href.partition("#")[0].split("/")[2]] == []
    assert await quiet.locator("article .loud").count() == 0


async def test_raw_texts_are_words_in_every_kind_of_block(stage: DemoPage, quiet: Page) -> None:
    """Texts that nobody escaped may link as Slack lets them, but nothing runs, whatever block they stand in."""
    for text in WRITTEN:
        stage.slack.post(stage.slack.by_bot("C0DEPLOYS", text, raw(text)))
    for text in WRITTEN[::2]:
        stage.slack.post(stage.slack.by_bot("C0DEPLOYS", text, None))
    stage.slack.person("U0NASTY01", "<b>nasty</b>", real_name="<img src=x onerror=alert(1)>")
    stage.slack.channel("C0NASTY01", "<script>alert(1)</script>")
    await shows(quiet, len(WRITTEN) + len(WRITTEN[::2]))
    await found(quiet)


def raw(text: str) -> list[dict[str, Any]]:
    """The text in blocks of many kinds, and where an address belongs."""
    words, marked = {"type": "plain_text", "text": text}, {"type": "mrkdwn", "text": text}
    leaves = [{"type": "text", "text": text}, {"type": "link", "url": text, "text": text}]
    return [
        {"type": "header", "text": words},
        {"type": "section", "text": marked, "fields": [marked, words]},
        {"type": "context", "elements": [marked, {"type": "image", "image_url": text, "alt_text": text}]},
        {"type": "markdown", "text": text},
        {"type": "image", "image_url": text, "alt_text": text, "title": words},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": leaves}]},
        {"type": "actions", "elements": [{"type": "button", "text": words, "action_id": "a", "url": text}]},
        {"type": text, "text": marked},
    ]


async def test_the_pages_forbid_scripts_from_elsewhere(stage: DemoPage, quiet: Page) -> None:
    """Both pages come with a policy that lets nothing inline run; a build's page is inert besides."""
    again = await quiet.goto(quiet.url)
    assert again is not None
    assert "default-src 'self'" in again.headers["content-security-policy"]
    build = stage.buildkite.create_build_elsewhere("web", "<b>x</b>", " ".join(WRITTEN[:60]), creator="x")
    stage.buildkite.log(build.jobs[0].id, "\n".join(WRITTEN))
    async with Serving(with_pages(stage.buildkite)) as address:
        answer = await quiet.goto(f"{address}/{stage.buildkite.org}/web/builds/{build.number}")
        assert answer is not None
        assert answer.headers["content-security-policy"] == "default-src 'self'"
        links = (await found(quiet))["links"]
        assert [href for href in links if not href.startswith(address)] == []
