"""Calls for annotations of builds and jobs. https://buildkite.com/docs/apis/rest-api/annotations"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal

from bot.buildkite.models import Moment, Vendor
from bot.buildkite.response_parsing import parse_object
from bot.buildkite.transport import ApiRequest, Calls

Style = Literal["success", "info", "warning", "error"]


class Annotation(Vendor):
    """An annotation of a build or job; `style` is success, info, warning or error.

    `body_html` is untrusted HTML. `scope` is build or job. `priority` is 1 to 10, the highest comes first.
    https://buildkite.com/docs/apis/rest-api/annotations#annotation-data-model
    """

    id: str
    context: str | None = None
    style: str | None = None
    scope: str = "build"
    job_id: str | None = None
    priority: int = 3
    body_html: str = ""
    created_at: Moment | None = None
    updated_at: Moment | None = None


class AnnotationCalls(Calls):
    """Lists, writes and deletes annotations of builds and of jobs."""

    def annotations(
        self,
        pipeline: str,
        number: int,
        *,
        scope: Literal["build", "job", "all"] = "all",
        job: str | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Annotation, None]:
        """Yield the annotations of a build and its jobs, or of one `job` (UUID) only.

        https://buildkite.com/docs/apis/rest-api/annotations#list-annotations-for-a-build (default scope: build)
        """
        params = [] if job else [("scope", scope)]
        path = self._annotations_path(pipeline, number, job)
        return self.read_all(path, f"build {pipeline}#{number}", Annotation, params, limit)

    async def annotate(
        self,
        pipeline: str,
        number: int,
        body: str,
        *,
        style: Style | None = None,
        context: str | None = None,
        priority: int | None = None,
        append: bool = False,
        job: str | None = None,
    ) -> Annotation:
        """Annotate a build, or one `job` of it, with Markdown.

        Each `context` has one annotation: another replaces it or, with `append`, adds to it. Only a replacement is
        retried after an uncertain answer, since repeating it changes nothing.
        https://buildkite.com/docs/apis/rest-api/annotations#create-an-annotation-on-a-build
        """
        optional = {"style": style, "context": context, "priority": priority, "append": append or None}
        given: dict[str, object] = {key: value for key, value in optional.items() if value is not None}
        path, safe = self._annotations_path(pipeline, number, job), not append and context is not None
        request = ApiRequest("POST", path, f"build {pipeline}#{number}", json={"body": body, **given}, safe=safe)
        return parse_object(Annotation, await self.requests.send(request))

    async def delete_annotation(
        self, pipeline: str, number: int, annotation: str, *, job: str | None = None
    ) -> None:
        """Delete an annotation by its UUID.

        https://buildkite.com/docs/apis/rest-api/annotations#delete-an-annotation-on-a-build
        """
        path = self._annotations_path(pipeline, number, job, annotation)
        await self.requests.send(ApiRequest("DELETE", path, f"annotation {annotation}"))

    def _annotations_path(self, pipeline: str, number: int, job: str | None, *text: str) -> str:
        of_job = ("jobs", job) if job else ()
        return self.format_path("pipelines", pipeline, "builds", number, *of_job, "annotations", *text)
