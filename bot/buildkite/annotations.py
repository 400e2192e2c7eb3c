"""What builds say in boxes of their own."""

from __future__ import annotations

from bot.model import Vendor


class Annotation(Vendor):
    """`style` is success, info, warning or error; `body_html` is HTML of whoever wrote it.

    https://buildkite.com/docs/apis/rest-api/annotations#annotation-data-model
    """

    id: str
    context: str | None = None
    style: str | None = None
    priority: int = 3
    body_html: str = ""
