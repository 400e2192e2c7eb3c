"""Rendered messages mention no one and link only to Buildkite, whatever text they hold."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from bot.builds.failures.log_text import clean_log
from bot.slack.blockkit.blocks import Message
from simulators.slack.mentions import Reach, reach, reach_of_view
from tests.injection.corpus import CORPUS, EVIL
from tests.injection.surfaces import OURS, PIECES, SURFACES
from tests.rendering.message_checks import find_faults, find_view_faults
from tests.sampling import Sample

ROOT = Path(__file__).parents[2]
EXPECTED_PEOPLE = {"U0ALICE01"}
# Texts that are URLs are allowed as links where Buildkite sends the URL of a build.
OWN_ADDRESS = [text for text in CORPUS if text.startswith("https://")]


def list_render_modules() -> list[str]:
    """Return the name of every module that renders, in `bot` and in `commands`."""
    found = [*ROOT.glob("bot/**/render.py"), *ROOT.glob("commands/**/render.py")]
    found += [ROOT / "bot/builds/cards/buttons.py", ROOT / "commands/build/annotation_view.py"]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(found)]


@pytest.mark.parametrize("module", list_render_modules())
def test_every_render_function_is_tested(module: str) -> None:
    """Every public function of a render module is tested as a surface, or listed as a piece of one."""
    loaded = importlib.import_module(module)
    own = {
        name
        for name, made in inspect.getmembers(loaded, inspect.isfunction)
        if made.__module__ == module and not name.startswith("_")
    }
    assert own - set(SURFACES) - PIECES == set()


def check_reach(rendered: Reach, text: str) -> None:
    """Assert that a message mentions only expected people and links only to Buildkite."""
    strangers = {who for who in rendered.calls if who not in EXPECTED_PEOPLE}
    assert strangers == set(), text
    assert rendered.channels <= {OURS}, text
    own = {text} if text in OWN_ADDRESS else set()
    assert {link for link in rendered.links if not link.startswith("https://buildkite.com/")} <= own, text


@pytest.mark.parametrize("name", SURFACES)
def test_the_corpus_stays_text(name: str, sample: Sample) -> None:
    """Every text of the corpus on this surface mentions no one, links nowhere and stays within Slack's limits."""
    for text in sample(CORPUS, keep=10):
        for rendered in SURFACES[name](text):
            if isinstance(rendered, Message):
                assert find_faults(rendered) == [], text
                check_reach(reach(rendered.text, list(rendered.blocks)), text)
                check_reach(reach(rendered.text)._replace(links=frozenset()), text)
                str(rendered).encode()
            else:
                check_reach(reach_of_view(dict(rendered)), text)
                assert rendered["type"] != "modal" or find_view_faults(dict(rendered)) == [], text
                str(rendered).encode()


@pytest.mark.parametrize("text", CORPUS)
def test_a_log_shows_no_address_that_was_hidden(text: str) -> None:
    """A rendered log has no terminal sequences and no hidden links."""
    shown = clean_log(text)
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(shown)
    assert "javascript:" not in shown or "javascript:" in text.replace("\x1b]8;;javascript:", "")
    assert EVIL not in shown or EVIL in text


def test_the_corpus_is_of_some_size() -> None:
    """The corpus has more than 100 different texts."""
    assert len(set(CORPUS)) == len(CORPUS) > 100
