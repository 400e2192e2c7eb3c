"""The calls about annotations, what builds say in boxes. https://buildkite.com/docs/apis/rest-api/annotations"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Literal

from bot.buildkite.models import Moment, Vendor
from bot.buildkite.transport import Ask, Calls, parsed

Style = Literal["success", "info", "warning", "error"]


class Annotation(Vendor):
    """`style` is success, info, warning or error; `body_html` is HTML of whoever wrote it.

    `scope` is build or job; `priority` 1 to 10, the highest shown first.
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
        """The annotations of a build and of its jobs, or of one `job` (UUID) alone.

        https://buildkite.com/docs/apis/rest-api/annotations#list-annotations-for-a-build (`scope` is build there)
        """
        params = [] if job else [("scope", scope)]
        where = self._annotations(pipeline, number, job)
        return self.paged(where, f"build {pipeline}#{number}", Annotation, params, limit)

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
        """Write Markdown onto a build, or onto one `job` of it.

        There is one annotation for each `context`: the next one replaces it, or with `append` adds to it. So only
        one that replaces is asked for again after an uncertain answer.
        https://buildkite.com/docs/apis/rest-api/annotations#create-an-annotation-on-a-build
        """
        optional = {"style": style, "context": context, "priority": priority, "append": append or None}
        told: dict[str, Any] = {key: value for key, value in optional.items() if value is not None}
        where, safe = self._annotations(pipeline, number, job), not append and context is not None
        ask = Ask("POST", where, f"build {pipeline}#{number}", json={"body": body, **told}, safe=safe)
        return parsed(Annotation, await self.requests.send(ask))

    async def delete_annotation(
        self, pipeline: str, number: int, annotation: str, *, job: str | None = None
    ) -> None:
        """Take an annotation away, by its UUID.

        https://buildkite.com/docs/apis/rest-api/annotations#delete-an-annotation-on-a-build
        """
        where = self._annotations(pipeline, number, job, annotation)
        await self.requests.send(Ask("DELETE", where, f"annotation {annotation}"))

    def _annotations(self, pipeline: str, number: int, job: str | None, *text: str) -> str:
        of_job = ("jobs", job) if job else ()
        return self.path("pipelines", pipeline, "builds", number, *of_job, "annotations", *text)
