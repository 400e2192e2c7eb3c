"""The scenes in docs/style.md are what people see."""

from __future__ import annotations

from tests.screens import play_all, read_screens


async def test_the_style_guide_shows_what_people_see() -> None:
    """Every scene reads as the document has it; `python -m tests.screens` rewrites them."""
    assert read_screens() == await play_all()
