"""Webhooks of builds from their beginning to their end, as the simulated Buildkite sends them."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim

_NUMBER = 100_001
# Jobs of a build of the demo's `web`.
FEW_JOBS = 4


@dataclass(frozen=True)
class Event:
    """A webhook: its name and its body."""

    name: str
    body: bytes


@dataclass(frozen=True)
class Life:
    """A build of `web`: its id, its number and all its events, in order; it ends as passed."""

    id: str
    number: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Template:
    """The texts of a life with the ids in them, which are replaced to make another life."""

    ids: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]

    def make_life(self, number: int, seed: int, most: int | None = None) -> Life:
        """Make the life of another build; `most` limits its events."""
        rng = random.Random(f"{seed}:{number}")
        new = {old: str(uuid.UUID(int=rng.getrandbits(128), version=4)) for old in self.ids}
        events = tuple(Event(name, _replace_ids(text, new, number)) for name, text in self.texts[:most])
        return Life(new[self.ids[0]], number, events)


def make_template(jobs: int = FEW_JOBS) -> Template:
    """Return the life of a build: with four jobs, fifteen events of 3 to 6 KB, one job after another."""
    sim = BuildkiteSim("acme-inc")
    seed_demo(sim)
    if jobs != FEW_JOBS:
        steps = [{"label": ":jest: Test", "command": "bin/test", "key": "test", "parallelism": jobs}]
        sim.pipeline("large", steps=steps)
    sim.add_webhook("http://127.0.0.1/", "secret")
    slug = "web" if jobs == FEW_JOBS else "large"
    sim.find_pipeline(slug).last_number = _NUMBER - 1
    build = sim.create_build_elsewhere(slug, "main", "Fix the checkout", creator="Ada Martin")
    sim.run_build(build)
    rendered = [(item.event, item.render()) for item in sim.outbox if item.event.startswith(("build.", "job."))]
    ids = (build.id, *(job.id for job in build.jobs))
    return Template(ids, tuple((name, json.dumps(body)) for name, body in rendered))


def _replace_ids(text: str, new: dict[str, str], number: int) -> bytes:
    for old, given in new.items():
        text = text.replace(old, given)
    text = text.replace(f"/builds/{_NUMBER}", f"/builds/{number}")
    return text.replace(f'"number": {_NUMBER}', f'"number": {number}').encode()


def interleave(lives: Sequence[Life], at_once: int) -> Iterator[Event]:
    """Yield all events of these lives, `at_once` builds in turn."""
    for start in range(0, len(lives), at_once):
        active = lives[start : start + at_once]
        for step in range(max(len(life.events) for life in active)):
            yield from (life.events[step] for life in active if step < len(life.events))
