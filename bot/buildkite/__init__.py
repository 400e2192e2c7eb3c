"""Typed, asynchronous client for Buildkite's APIs, documented in docs/client.md."""

from bot.buildkite.agent_api import AgentApi, Metrics
from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.annotations import Annotation
from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import Build, Job, Person
from bot.buildkite.resources import (
    AccessToken,
    Agent,
    Cluster,
    Member,
    Meta,
    NewBuild,
    NotificationService,
    Organization,
    Pipeline,
    Queue,
)
from bot.errors import Ambiguous, Conflict, KitestringError, NotFound, Refused, Unavailable, UsageError

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
