"""Finds list entries by typed text: the objects that people refer to by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bot.buildkite.endpoints.organization import PipelineTemplate, Team
from bot.buildkite.name_offers import make_choice_error, suggest_similar
from bot.buildkite.naming import MayName, NameKind, Option
from bot.buildkite.resources import Agent, Cluster, Pipeline, PlacedQueue
from bot.errors import NotFound, UsageError

T = TypeVar("T")


def format_pipeline_option(pipeline: Pipeline) -> Option:
    """Return a pipeline's menu option: its slug."""
    return pipeline.slug, pipeline.slug


def format_cluster_option(cluster: Cluster) -> Option:
    """Return a cluster's menu option."""
    return cluster.name, cluster.id


def format_template_option(template: PipelineTemplate) -> Option:
    """Return a pipeline template's menu option."""
    return template.name, template.uuid


def format_agent_option(agent: Agent) -> Option:
    """Return an agent's menu option, labelled with its name, the start of its ID, and its host or queue."""
    place = agent.hostname or agent.queue or ""
    return f"{agent.name} ({agent.id[:8]}{', ' if place else ''}{place})", agent.id


def format_team_option(team: Team) -> Option | None:
    """Return a team's menu option; None for a secret team, which menus must not reveal."""
    return (team.name, team.slug) if team.privacy != "secret" else None


def format_queue_option(placed: PlacedQueue) -> Option:
    """Return a queue's menu option, labelled with its key and cluster."""
    return f"{placed.queue.key} ({placed.cluster.name})", placed.queue.id


_PREFIX = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)


def find_pipeline(pipelines: Iterable[Pipeline], text: str) -> Pipeline | None:
    """Find a pipeline by slug, else by name, in any case."""
    known = tuple(pipelines)
    by_name = {pipeline.name.lower(): pipeline for pipeline in known}
    by_slug = {pipeline.slug.lower(): pipeline for pipeline in known}
    return (by_name | by_slug).get(text.lower())


def find_named(
    kind: NameKind, text: str, known: Iterable[T], names: Callable[[T], tuple[str, ...]], may_name: MayName
) -> T:
    """Find the first object with this name in any case. Raise NotFound with similar ones of their first names."""
    objects = tuple(known)
    for candidate in objects:
        if text.lower() in [name.lower() for name in names(candidate)]:
            return candidate
    hint = suggest_similar(kind, text, [names(candidate)[0] for candidate in objects], may_name)
    noun = "pipeline template" if kind == "template" else kind
    raise NotFound(f"There's no {noun} “{text}”.", hint)


def find_cluster(clusters: Sequence[Cluster], text: str, may_name: MayName) -> Cluster:
    """Find a cluster by UUID, or by name in any case. Raise Ambiguous or NotFound."""
    matches = [cluster for cluster in clusters if text == cluster.id or text.lower() == cluster.name.lower()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise choose_cluster(f"Several clusters are called “{text}”.", matches, may_name)
    hint = suggest_similar("cluster", text, [cluster.name for cluster in clusters], may_name)
    raise NotFound(f"There's no cluster “{text}”.", hint)


def choose_cluster(question: str, clusters: Iterable[Cluster], may_name: MayName) -> UsageError:
    """Return the error that asks which of several clusters is meant."""
    known = tuple(clusters)
    names = [cluster.name for cluster in known]
    labels = {
        cluster.id: f"{cluster.name} ({cluster.id[:8]})" if names.count(cluster.name) > 1 else cluster.name
        for cluster in known
    }
    options = [((labels[cluster.id], cluster.id), cluster.name) for cluster in known]
    return make_choice_error("cluster", question, options, may_name)


def find_queue(queues: Sequence[PlacedQueue], text: str, may_name: MayName) -> PlacedQueue:
    """Find a queue by UUID, or by key in any cluster. Raise Ambiguous or NotFound."""
    matches = [placed for placed in queues if text in (placed.queue.id, placed.queue.key)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        options = [(format_queue_option(placed), placed.queue.key) for placed in matches]
        raise make_choice_error("queue", f"Several clusters have a queue “{text}”.", options, may_name)
    hint = suggest_similar("queue", text, [placed.queue.key for placed in queues], may_name)
    raise NotFound(f"There's no queue “{text}”.", hint)


def match_agents(agents: Iterable[Agent], text: str) -> tuple[Agent, ...]:
    """Return the agents whose ID or exact name is `text`, else those whose ID starts with it."""
    known = tuple(agents)
    exact = tuple(agent for agent in known if text in (agent.id, agent.name))
    if exact or not _PREFIX.fullmatch(text):
        return exact
    return tuple(agent for agent in known if agent.id.lower().startswith(text.lower()))
