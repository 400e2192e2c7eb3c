"""Buildkite's REST API as one object. https://buildkite.com/docs/apis/rest-api"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import dataclass
from types import TracebackType

import httpx

from bot.buildkite.endpoints.agents import AgentCalls
from bot.buildkite.endpoints.annotations import AnnotationCalls
from bot.buildkite.endpoints.artifacts import ArtifactCalls
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.endpoints.graphql import GraphqlCalls
from bot.buildkite.endpoints.jobs import JobCalls
from bot.buildkite.endpoints.notification_services import ServiceCalls
from bot.buildkite.endpoints.organization import EmojiCalls, OrganizationCalls, RuleCalls, TeamCalls, TemplateCalls
from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.endpoints.raw import RawCalls
from bot.buildkite.personal_token import Bearer
from bot.buildkite.request_budget import Budget
from bot.buildkite.request_order import Purpose
from bot.buildkite.transport import BACKGROUND_PATIENCE, PERSON_PATIENCE, Requests
from bot.errors import Ambiguous, NotFound, UsageError
from bot.runtime.clock import Clock, SystemClock
from bot.runtime.http_client import TIMEOUT_SECONDS, open_http_client

ENDPOINT = "https://api.buildkite.com"


@dataclass(frozen=True)
class ClientOptions:
    """Options that few programs need.

    `variable` is the environment variable of the token, for hints. `jitter()` returns a number in [0, 1), and
    spreads retries.
    """

    variable: str | None = None
    transport: httpx.AsyncBaseTransport | None = None
    jitter: Callable[[], float] = random.random


_DEFAULT_OPTIONS = ClientOptions()


class Buildkite(
    BuildCalls,
    JobCalls,
    ArtifactCalls,
    AnnotationCalls,
    GraphqlCalls,
    AgentCalls,
    ClusterCalls,
    OrganizationCalls,
    TeamCalls,
    TemplateCalls,
    RuleCalls,
    EmojiCalls,
    PipelineCalls,
    ServiceCalls,
    RawCalls,
):
    """All calls, each sent for one purpose: people's requests go first, all others leave them a reserve.

    Every call raises Refused (401, 403), NotFound (404), Conflict (400, 409, 410, 422) or
    Unavailable (429, 5xx, no answer), each in Buildkite's own words.
    """

    def __init__(
        self,
        token: str,
        organization: str | None = None,
        *,
        endpoint: str = ENDPOINT,
        clock: Clock | None = None,
        timeout: float = TIMEOUT_SECONDS,
        patience: float = BACKGROUND_PATIENCE,
        options: ClientOptions = _DEFAULT_OPTIONS,
    ) -> None:
        """Create a client for `async with`, with its own connections; raise UsageError for a malformed token.

        `organization` is a slug; without it, entering the client looks it up (scope read_organizations) and raises
        Ambiguous or NotFound unless there's exactly one. `endpoint` is the base address without `/v2`. `timeout`
        is in seconds for each of connecting, sending and reading. `patience` limits the seconds that a call may
        spend waiting for its turn and retrying.
        """
        time_source = clock or SystemClock()
        http = _open_http(token, endpoint, timeout, options.transport)
        requests = Requests(
            http,
            Budget(time_source),
            time_source,
            Purpose.PEOPLE,
            options.jitter,
            patience=patience,
            variable=options.variable,
        )
        super().__init__(requests, organization or "")

    @property
    def budget(self) -> Budget:
        """Request budget of the token, shared by all purposes."""
        return self.requests.budget

    def for_background(
        self, purpose: Purpose = Purpose.OTHER, *, patience: float = BACKGROUND_PATIENCE
    ) -> Buildkite:
        """Return a client with the same connections and budget for background work of this purpose.

        Without `patience`, a call that can't start now raises BudgetUsedUp, and a failed one isn't repeated.
        """
        current = self.requests
        return self._copy_with(current.budget, purpose, patience=patience, bearer=current.bearer)

    def for_person(self, bearer: Bearer, *, patience: float | None = None) -> Buildkite:
        """Return a client with the same connections, but a person's token and a budget of its own.

        https://buildkite.com/docs/apis/rest-api/limits: 50 requests a minute for each user
        """
        current = self.requests
        waits = current.patience if patience is None else patience
        return self._copy_with(Budget(current.clock), Purpose.PEOPLE, patience=waits, bearer=bearer)

    def _copy_with(self, budget: Budget, purpose: Purpose, *, patience: float, bearer: Bearer | None) -> Buildkite:
        """Return a client with the same connections and other settings for its requests."""
        current, client = self.requests, copy(self)
        client.requests = Requests(
            current.http,
            budget,
            current.clock,
            purpose,
            current.jitter,
            bearer,
            patience=patience,
            variable=current.variable,
        )
        return client

    async def _find_only_organization(self) -> str:
        """Return the slug of the only organization that the token can see."""
        organizations = [organization async for organization in self.organizations()]
        if not organizations:
            raise NotFound(
                "The token can't see any organization.",
                "Give it access to one in Buildkite, or use another token.",
            )
        if len(organizations) > 1:
            slugs = ", ".join(organization.slug for organization in organizations)
            hint = f'Name one of them: Buildkite(token, "{organizations[0].slug}").'
            options = tuple((found.name or found.slug, found.slug) for found in organizations)
            raise Ambiguous(
                f"The token can see {len(organizations)} organizations: {slugs}.", "organization", options, hint
            )
        return organizations[0].slug

    async def __aenter__(self) -> Buildkite:
        async with AsyncExitStack() as failed:
            failed.push_async_callback(self.requests.http.aclose)
            self.organization = self.organization or await self._find_only_organization()
            failed.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.requests.http.aclose()


def connect(
    token: str,
    organization: str,
    *,
    endpoint: str = ENDPOINT,
    clock: Clock,
    jitter: Callable[[], float] = random.random,
    timeout: float = TIMEOUT_SECONDS,
) -> Buildkite:
    """Return the bot's own client, with a person's patience and with hints that name the bot's settings."""
    return Buildkite(
        token,
        organization,
        endpoint=endpoint,
        clock=clock,
        timeout=timeout,
        patience=PERSON_PATIENCE,
        options=ClientOptions("BUILDKITE_API_TOKEN", jitter=jitter),
    )


def _open_http(
    token: str, endpoint: str, timeout: float, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError(
            "That isn't an API token: it's empty or contains spaces, line breaks or non-ASCII characters.",
            "Copy it again, or create another at https://buildkite.com/user/api-access-tokens.",
        )
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return open_http_client(f"{endpoint.rstrip('/')}/v2/", headers, timeout=timeout, transport=transport)
