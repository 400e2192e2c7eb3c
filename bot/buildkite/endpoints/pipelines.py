"""Calls for pipelines. https://buildkite.com/docs/apis/rest-api/pipelines"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.buildkite.resources import Pipeline
from bot.buildkite.response_parsing import parse_object
from bot.buildkite.transport import ApiRequest, Calls
from bot.errors import KitestringError, NotFound, Unavailable

Visibility = Literal["private", "public"]
Access = Literal["read_only", "build_and_read", "manage_build_and_read"]


@dataclass(frozen=True)
class NewPipeline:
    """A pipeline to create; Buildkite chooses the values of empty fields.

    `slug` is required so that the pipeline can be found if the answer is lost. `teams` maps team UUIDs to their
    access. `provider_settings` belong to the repository's host. `template` is a pipeline template's UUID.
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
    provider_settings: Mapping[str, object] = field(default_factory=dict)
    template: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the JSON of the request; `settings` adds further fields as they are."""
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
    """Changes to a pipeline: None leaves a field as it is, an empty text or tuple clears it.

    Only the GraphQL API can change teams.
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
    provider_settings: Mapping[str, object] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the JSON of the request."""
        given = {key: value for key, value in vars(self).items() if value is not None}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}


class PipelineCalls(Calls):
    """Reads, creates, changes, archives and deletes pipelines."""

    def pipelines(
        self, name: str | None = None, *, repository: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[Pipeline, None]:
        """Yield pipelines, including archived ones, whose name and repository contain these texts in any case.

        https://buildkite.com/docs/apis/rest-api/pipelines#list-pipelines
        """
        given = {"name": name, "repository": repository}
        params = [(key, value) for key, value in given.items() if value]
        return self.read_all(self.format_path("pipelines"), "pipelines", Pipeline, params, limit)

    async def pipeline(self, slug: str) -> Pipeline:
        """Read one pipeline with its step configuration.

        https://buildkite.com/docs/apis/rest-api/pipelines#get-a-pipeline
        """
        return await self.read_object(self.format_path("pipelines", slug), f"pipeline {slug}", Pipeline)

    async def create_pipeline(self, new: NewPipeline) -> Pipeline:
        """Create a YAML pipeline; raise Conflict if its name or slug is taken.

        After an uncertain answer the client looks up the slug and never sends a second request. Raise
        Unavailable(sent=True) if the pipeline isn't there (yet).
        https://buildkite.com/docs/apis/rest-api/pipelines#create-a-yaml-pipeline
        """
        request = ApiRequest(
            "POST", self.format_path("pipelines"), f"pipeline {new.name}", json=new.to_json(), safe=False
        )
        try:
            return parse_object(Pipeline, await self.requests.send(request))
        except Unavailable as error:
            found = await self._find_created_or_none(new) if error.sent else None
            if found is None:
                raise
            return found

    async def find_created_pipeline(self, new: NewPipeline) -> Pipeline | None:
        """Find the pipeline with the new one's slug, if it also has its name and repository."""
        try:
            found = await self.pipeline(new.slug)
        except NotFound:
            return None
        return found if (found.name, found.repository) == (new.name, new.repository) else None

    async def update_pipeline(self, slug: str, changes: PipelineChanges) -> Pipeline:
        """Change a pipeline. Beware: a new name without a slug changes the slug, too.

        https://buildkite.com/docs/apis/rest-api/pipelines#update-a-pipeline
        """
        # Once the slug has changed, a repeated request under the old one would get a 404.
        safe = changes.slug in (None, slug) and (changes.name is None or changes.slug is not None)
        request = ApiRequest(
            "PATCH", self.format_path("pipelines", slug), f"pipeline {slug}", json=changes.to_json(), safe=safe
        )
        return parse_object(Pipeline, await self.requests.send(request))

    async def archive_pipeline(self, slug: str) -> Pipeline:
        """Archive a pipeline: keep it, but stop builds and edits. Raise Conflict if it's already archived.

        https://buildkite.com/docs/apis/rest-api/pipelines#archive-a-pipeline
        """
        return await self._post_verb(slug, "archive")

    async def unarchive_pipeline(self, slug: str) -> Pipeline:
        """Restore an archived pipeline. Raise Conflict if it isn't archived.

        https://buildkite.com/docs/apis/rest-api/pipelines#unarchive-a-pipeline
        """
        return await self._post_verb(slug, "unarchive")

    async def delete_pipeline(self, slug: str) -> None:
        """Delete a pipeline with all its builds; this can't be undone.

        If the answer is lost, the client reads the pipeline: a 404 means that it was deleted.
        https://buildkite.com/docs/apis/rest-api/pipelines#delete-a-pipeline
        """
        request = ApiRequest("DELETE", self.format_path("pipelines", slug), f"pipeline {slug}", safe=False)
        try:
            await self.requests.send(request)
        except Unavailable as error:
            if not error.sent or not await self._is_pipeline_deleted(slug):
                raise

    async def create_github_webhook(self, slug: str) -> None:
        """Add Buildkite's webhook to the repository's host; raise Conflict if Buildkite can't set it up.

        https://buildkite.com/docs/apis/rest-api/pipelines#add-a-webhook
        """
        path = f"{self.format_path('pipelines', slug)}/webhook"
        await self.requests.send(ApiRequest("POST", path, f"pipeline {slug}", safe=False))

    async def _find_created_or_none(self, new: NewPipeline) -> Pipeline | None:
        with contextlib.suppress(KitestringError):
            return await self.find_created_pipeline(new)
        return None

    async def _post_verb(self, slug: str, verb: str) -> Pipeline:
        request = ApiRequest("POST", f"{self.format_path('pipelines', slug)}/{verb}", f"pipeline {slug}")
        return parse_object(Pipeline, await self.requests.send(request))

    async def _is_pipeline_deleted(self, slug: str) -> bool:
        try:
            await self.pipeline(slug)
        except NotFound:
            return True
        except KitestringError:
            return False
        return False
