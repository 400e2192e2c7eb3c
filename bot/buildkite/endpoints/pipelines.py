"""The calls about pipelines. https://buildkite.com/docs/apis/rest-api/pipelines"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.buildkite.models import Pipeline
from bot.buildkite.transport import Ask, Calls, parsed
from bot.errors import KitestringError, NotFound, Unavailable

Visibility = Literal["private", "public"]
Access = Literal["read_only", "build_and_read", "manage_build_and_read"]


@dataclass(frozen=True)
class NewPipeline:
    """A pipeline to create; what is empty is left to Buildkite.

    `slug` is stated, so that one whose answer was lost can be looked for; `teams` maps a team's UUID to what
    it may do; `provider_settings` are those of the repository's host; `template` is a pipeline template's UUID.
    https://buildkite.com/docs/apis/rest-api/pipelines#create-a-yaml-pipeline
    """

    name: str
    repository: str
    cluster_id: str
    configuration: str
    slug: str
    default_branch: str | None = None
    description: str | None = None
    teams: Mapping[str, Access] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    visibility: Visibility | None = None
    provider_settings: Mapping[str, Any] = field(default_factory=dict)
    template: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON of the request; `settings` are further fields, word for word."""
        optional = {
            "default_branch": self.default_branch,
            "description": self.description,
            "teams": dict(self.teams),
            "tags": list(self.tags),
            "visibility": self.visibility,
            "provider_settings": dict(self.provider_settings),
            "pipeline_template_uuid": self.template,
        }
        required = {
            "name": self.name,
            "repository": self.repository,
            "cluster_id": self.cluster_id,
            "configuration": self.configuration,
            "slug": self.slug,
        }
        return {**self.settings, **required, **{key: value for key, value in optional.items() if value}}


@dataclass(frozen=True)
class PipelineChanges:
    """What to change: None leaves it as it is, an empty text or tuple clears it.

    Teams cannot be changed here: only GraphQL does that.
    https://buildkite.com/docs/apis/rest-api/pipelines#update-a-pipeline
    """

    name: str | None = None
    slug: str | None = None
    repository: str | None = None
    cluster_id: str | None = None
    configuration: str | None = None
    default_branch: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    visibility: Visibility | None = None
    provider_settings: Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """The JSON of the request."""
        given = {key: value for key, value in vars(self).items() if value is not None}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}


class PipelineCalls(Calls):
    """Reads, creates, changes, archives and deletes pipelines."""

    def pipelines(
        self, name: str | None = None, *, repository: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[Pipeline, None]:
        """Pipelines, archived ones too: those whose name and repository contain these words, in any case.

        https://buildkite.com/docs/apis/rest-api/pipelines#list-pipelines
        """
        given = {"name": name, "repository": repository}
        params = [(key, value) for key, value in given.items() if value]
        return self.paged(self.path("pipelines"), "pipelines", Pipeline, params, limit)

    async def pipeline(self, slug: str) -> Pipeline:
        """One pipeline with its step configuration.

        https://buildkite.com/docs/apis/rest-api/pipelines#get-a-pipeline
        """
        return await self.get(self.path("pipelines", slug), f"pipeline {slug}", Pipeline)

    async def create_pipeline(self, new: NewPipeline) -> Pipeline:
        """Create a pipeline that is read from YAML; raises Conflict where its name or slug is taken.

        An uncertain answer is followed by a look for the slug, never by a second request. Raises
        Unavailable(sent=True) when it is not there (yet).
        https://buildkite.com/docs/apis/rest-api/pipelines#create-a-yaml-pipeline
        """
        ask = Ask("POST", self.path("pipelines"), f"pipeline {new.name}", json=new.body(), safe=False)
        try:
            return parsed(Pipeline, await self.requests.send(ask))
        except Unavailable as error:
            found = await self._rescued(new) if error.sent else None
            if found is None:
                raise
            return found

    async def made_pipeline(self, new: NewPipeline) -> Pipeline | None:
        """The pipeline that is there under that slug, if it has that name and repository."""
        try:
            found = await self.pipeline(new.slug)
        except NotFound:
            return None
        return found if (found.name, found.repository) == (new.name, new.repository) else None

    async def update_pipeline(self, slug: str, changes: PipelineChanges) -> Pipeline:
        """Change a pipeline. Mind that a new name without a slug changes the slug, too.

        https://buildkite.com/docs/apis/rest-api/pipelines#update-a-pipeline
        """
        # Under a new slug a repeated request would find nothing any more.
        safe = changes.slug in (None, slug) and (changes.name is None or changes.slug is not None)
        ask = Ask("PATCH", self.path("pipelines", slug), f"pipeline {slug}", json=changes.body(), safe=safe)
        return parsed(Pipeline, await self.requests.send(ask))

    async def archive_pipeline(self, slug: str) -> Pipeline:
        """Archive a pipeline: it is kept, but neither built nor changed. Raises Conflict when it is already.

        https://buildkite.com/docs/apis/rest-api/pipelines#archive-a-pipeline
        """
        return await self._turned(slug, "archive")

    async def unarchive_pipeline(self, slug: str) -> Pipeline:
        """Bring an archived pipeline back. Raises Conflict when it is not archived.

        https://buildkite.com/docs/apis/rest-api/pipelines#unarchive-a-pipeline
        """
        return await self._turned(slug, "unarchive")

    async def delete_pipeline(self, slug: str) -> None:
        """Delete a pipeline with all its builds; nothing brings it back.

        When the answer is lost, it is looked for: gone means deleted.
        https://buildkite.com/docs/apis/rest-api/pipelines#delete-a-pipeline
        """
        ask = Ask("DELETE", self.path("pipelines", slug), f"pipeline {slug}", safe=False)
        try:
            await self.requests.send(ask)
        except Unavailable as error:
            if not error.sent or not await self._gone(slug):
                raise

    async def create_github_webhook(self, slug: str) -> None:
        """Let the repository's host tell Buildkite of pushes; raises Conflict where Buildkite cannot set that up.

        https://buildkite.com/docs/apis/rest-api/pipelines#add-a-webhook
        """
        path = f"{self.path('pipelines', slug)}/webhook"
        await self.requests.send(Ask("POST", path, f"pipeline {slug}", safe=False))

    async def _rescued(self, new: NewPipeline) -> Pipeline | None:
        with contextlib.suppress(KitestringError):
            return await self.made_pipeline(new)
        return None

    async def _turned(self, slug: str, how: str) -> Pipeline:
        ask = Ask("POST", f"{self.path('pipelines', slug)}/{how}", f"pipeline {slug}")
        return parsed(Pipeline, await self.requests.send(ask))

    async def _gone(self, slug: str) -> bool:
        try:
            await self.pipeline(slug)
        except NotFound:
            return True
        except KitestringError:
            return False
        return False
