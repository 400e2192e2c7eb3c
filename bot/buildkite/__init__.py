"""Buildkite's APIs for Python programs, typed and asynchronous: docs/client.md shows how."""

from bot.buildkite.agent_api import AgentApi, Metrics
from bot.buildkite.annotations import Annotation
from bot.buildkite.artifacts import Artifact
from bot.buildkite.client import Buildkite
from bot.buildkite.resources import Cluster, Member, Meta, NewBuild, Organization
from bot.errors import Ambiguous, Conflict, KitestringError, NotFound, Refused, Unavailable, UsageError
from bot.model import AccessToken, Agent, Build, Job, NotificationService, Person, Pipeline, Queue

__all__ = [
    "AccessToken",
    "Agent",
    "AgentApi",
    "Ambiguous",
    "Annotation",
    "Artifact",
    "Build",
    "Buildkite",
    "Cluster",
    "Conflict",
    "Job",
    "KitestringError",
    "Member",
    "Meta",
    "Metrics",
    "NewBuild",
    "NotFound",
    "NotificationService",
    "Organization",
    "Person",
    "Pipeline",
    "Queue",
    "Refused",
    "Unavailable",
    "UsageError",
]
