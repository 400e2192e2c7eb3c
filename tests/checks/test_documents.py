"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`((?:tests|bot|commands|webhooks|docs|deploy|bench)/[\w./*-]+)`")
_LINKED = re.compile(r"\]\(((?!https?:|#)[^)#]+)[^)]*\)")


@pytest.mark.parametrize(
    "page", sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name
)
def test_paths_and_links_lead_somewhere(page: Path) -> None:
    """Every file that a page names, and every page that it links to, exists."""
    said = page.read_text("utf-8")
    named = [path for path in _NAMED.findall(said) if not any(ROOT.glob(path))]
    linked = [path for path in _LINKED.findall(said) if not (page.parent / path).exists()]
    assert not named + linked
