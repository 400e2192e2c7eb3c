"""The documents lead somewhere, and agree with the code they describe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.cli.doctor.check_buildkite import NEEDED_SCOPES
from bot.operations.token_scopes import TOKEN_SCOPES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")])
_PATH = re.compile(
    r"`((?:tests|bot|commands|webhooks|simulators|checks|docs|deploy|bench|requirements)/[\w./*-]+)`"
)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def find_anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_paths_and_links_lead_somewhere(page: Path) -> None:
    """Every file that a page names, and every page and heading that it links to, exists."""
    text = page.read_text("utf-8")
    broken = [path for path in _PATH.findall(text) if not any(ROOT.glob(path))]
    for path, anchor in _LINK.findall(_CODE.sub("", text)):
        target = page.parent / path if path else page
        if not target.exists():
            broken.append(path)
        elif anchor and anchor not in find_anchors(target):
            broken.append(f"{path}#{anchor}")
    assert not broken


def test_the_index_links_every_page() -> None:
    """docs/README.md leads to each page of docs/."""
    index = DOCS / "README.md"
    linked = {(DOCS / path).resolve() for path, _ in _LINK.findall(index.read_text("utf-8")) if path}
    assert {page.resolve() for page in DOCS.glob("**/*.md")} - {index.resolve()} <= linked


def test_the_readme_is_a_front_door() -> None:
    """It fits on a few screens and names the two commands that need no other set-up."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert "make demo" in text
    assert "make test" in text
    assert "\nmake test-all\n" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_slack_scope_and_event_is_explained() -> None:
    """docs/slack-permissions.md has a row for each scope and event of the manifest, and for no other."""
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
    text = (DOCS / "slack-permissions.md").read_text("utf-8")
    tables = {
        heading: {
            name for row in re.findall(r"^\| (`.*?) \|", body, re.MULTILINE) for name in re.findall("`(.*?)`", row)
        }
        for heading, body in re.findall(r"^## (\w+)\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    }
    assert tables["Scopes"] == set(manifest["oauth_config"]["scopes"]["bot"])
    assert tables["Events"] == set(manifest["settings"]["event_subscriptions"]["bot_events"])


def test_the_readme_names_every_scope_that_the_doctor_requires() -> None:
    """A token made by the README passes the doctor."""
    assert set(NEEDED_SCOPES) <= set(re.findall(r"`(\w+)`", (ROOT / "README.md").read_text("utf-8")))


def test_every_buildkite_scope_is_explained() -> None:
    """docs/install.md names each scope that a command needs."""
    (section,) = re.findall(
        r"^### Buildkite scopes\n(.*?)(?=^## )", (DOCS / "install.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert set(TOKEN_SCOPES) - {"graphql"} <= set(re.findall(r"`(\w+)`", section))
    assert "GraphQL" in section
