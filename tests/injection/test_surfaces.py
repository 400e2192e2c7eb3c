"""Whatever stands in them, what is drawn calls nobody and leads nowhere but to Buildkite."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from bot.builds.failures.log_text import clean
from bot.slack.blockkit.blocks import Message
from simulators.slack.mentions import Reach, reach, reach_of_view
from tests.core.drawn import faults, view_faults
from tests.injection.corpus import CORPUS, EVIL
from tests.injection.surfaces import OURS, PIECES, SURFACES

ROOT = Path(__file__).parents[2]
MEANT = {"U0ALICE01"}
# A link that a build itself has is Buildkite's word: these texts stand where Buildkite writes its own addresses.
OWN_ADDRESS = [text for text in CORPUS if text.startswith("https://")]


def modules() -> list[str]:
    """Return the name of every module that renders, in `bot` and in `commands`."""
    found = [*ROOT.glob("bot/**/render.py"), *ROOT.glob("commands/**/render.py")]
    found += [ROOT / "bot/builds/cards/buttons.py", ROOT / "commands/build/annotation_view.py"]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(found)]


@pytest.mark.parametrize("module", modules())
def test_every_way_to_draw_is_tried(module: str) -> None:
    """A public function of a module that draws is a surface of its own, or named as a piece of one."""
    loaded = importlib.import_module(module)
    own = {
        name
        for name, made in inspect.getmembers(loaded, inspect.isfunction)
        if made.__module__ == module and not name.startswith("_")
    }
    assert own - set(SURFACES) - PIECES == set()


def in_order(drawn: Reach, text: str) -> None:
    """Nobody is called but those who are meant; links lead to Buildkite."""
    strangers = {who for who in drawn.calls if who not in MEANT}
    assert strangers == set(), text
    assert drawn.channels <= {OURS}, text
    own = {text} if text in OWN_ADDRESS else set()
    assert {link for link in drawn.links if not link.startswith("https://buildkite.com/")} <= own, text


@pytest.mark.parametrize("name", SURFACES)
def test_the_corpus_stays_text(name: str) -> None:
    """Each text of the corpus on this surface: no call, no link of its own, and Slack's limits are kept."""
    for text in CORPUS:
        for drawn in SURFACES[name](text):
            if isinstance(drawn, Message):
                assert faults(drawn) == [], text
                in_order(reach(drawn.text, list(drawn.blocks)), text)
                in_order(reach(drawn.text)._replace(links=frozenset()), text)
                str(drawn).encode()
            else:
                in_order(reach_of_view(dict(drawn)), text)
                assert drawn["type"] != "modal" or view_faults(dict(drawn)) == [], text
                str(drawn).encode()


@pytest.mark.parametrize("text", CORPUS)
def test_a_log_shows_no_address_that_was_hidden(text: str) -> None:
    """The log of a job has no sequence left that a terminal would act on, and a hidden address is not hidden."""
    shown = clean(text)
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(shown)
    assert "javascript:" not in shown or "javascript:" in text.replace("\x1b]8;;javascript:", "")
    assert EVIL not in shown or EVIL in text


def test_the_corpus_is_of_some_size() -> None:
    """Its texts differ from each other."""
    assert len(set(CORPUS)) == len(CORPUS) > 100
