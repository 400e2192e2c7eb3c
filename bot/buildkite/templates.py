"""The calls about pipeline templates. https://buildkite.com/docs/apis/rest-api/pipeline-templates"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.buildkite.request import Calls
from bot.model import AnyPerson, Moment, Vendor


class PipelineTemplate(Vendor):
    """Steps that pipelines share; `available`: to everybody, not to admins alone; `configuration` is YAML.

    https://buildkite.com/docs/apis/rest-api/pipeline-templates#pipeline-template-data-model
    """

    uuid: str
    name: str
    description: str | None = None
    configuration: str | None = None
    available: bool = False
    web_url: str = ""
    created_at: Moment | None = None
    created_by: AnyPerson = None
    updated_at: Moment | None = None
    updated_by: AnyPerson = None


class TemplateCalls(Calls):
    """Reads pipeline templates, a feature of the Enterprise plan; needs the scope read_pipeline_templates."""

    def templates(self) -> AsyncIterator[PipelineTemplate]:
        """https://buildkite.com/docs/apis/rest-api/pipeline-templates#list-pipeline-templates"""
        return self.paged(self.path("pipeline-templates"), "pipeline templates", PipelineTemplate)

    async def template(self, uuid: str) -> PipelineTemplate:
        """https://buildkite.com/docs/apis/rest-api/pipeline-templates#get-a-pipeline-template"""
        return await self.get(self.path("pipeline-templates", uuid), f"template {uuid}", PipelineTemplate)
