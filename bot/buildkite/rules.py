"""The calls about rules between pipelines. https://buildkite.com/docs/apis/rest-api/rules"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.buildkite.request import Calls
from bot.model import AnyPerson, Moment, Vendor


class Rule(Vendor):
    """What one pipeline may do to another across clusters and visibilities.

    `type` is `pipeline.trigger_build.pipeline` or `pipeline.artifacts_read.pipeline`; `effect` is allow; the
    UUIDs are of pipelines. https://buildkite.com/docs/apis/rest-api/rules#rules-data-model
    """

    uuid: str
    type: str = ""
    source_type: str | None = None
    source_uuid: str | None = None
    target_type: str | None = None
    target_uuid: str | None = None
    effect: str | None = None
    action: str | None = None
    description: str | None = None
    created_at: Moment | None = None
    created_by: AnyPerson = None


class RuleCalls(Calls):
    """Reads the organization's rules; needs the scope read_rules."""

    def rules(self) -> AsyncIterator[Rule]:
        """https://buildkite.com/docs/apis/rest-api/rules#list-rules"""
        return self.paged(self.path("rules"), "rules", Rule)

    async def rule(self, uuid: str) -> Rule:
        """https://buildkite.com/docs/apis/rest-api/rules#get-a-rule"""
        return await self.get(self.path("rules", uuid), f"rule {uuid}", Rule)
