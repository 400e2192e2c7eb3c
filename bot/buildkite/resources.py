"""What the REST API speaks of beyond builds, jobs, pipelines and agents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.buildkite.models import AnyPerson, Moment, Person, Vendor

INSTANCE_KEY = "kitestring"
MARK_KEY = "kitestring:invocation"


class Organization(Vendor):
    """https://buildkite.com/docs/apis/rest-api/organizations"""

    id: str
    slug: str
    name: str = ""
    web_url: str = ""
    created_at: Moment | None = None


class Member(Person):
    """https://buildkite.com/docs/apis/rest-api/organizations/members"""

    role: str = "member"


class Meta(Vendor):
    """Where webhooks come from: addresses and CIDR blocks. https://buildkite.com/docs/apis/rest-api/meta"""

    webhook_ips: tuple[str, ...] = ()


class Actor(Vendor):
    """Who maintains something: a user has an e-mail address, a team a slug."""

    name: str | None = None


class Maintainer(Vendor):
    """One who maintains a cluster."""

    actor: Actor = Actor()


class Maintainers(Vendor):
    """Those who maintain a cluster."""

    users: tuple[Maintainer, ...] = ()
    teams: tuple[Maintainer, ...] = ()


class Cluster(Vendor):
    """`emoji` is a name in colons, `color` a hex triple.

    https://buildkite.com/docs/apis/rest-api/clusters#cluster-data-model
    """

    id: str
    name: str
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    web_url: str = ""
    default_queue_id: str | None = None
    maintainers: Maintainers = Maintainers()
    created_at: Moment | None = None
    created_by: AnyPerson = None


@dataclass(frozen=True)
class NewBuild:
    """A build to create: exactly what was asked for goes out, nothing is filled in.

    https://buildkite.com/docs/apis/rest-api/builds#create-a-build
    """

    branch: str
    commit: str = "HEAD"
    message: str | None = None
    author: Person | None = None
    env: dict[str, str] = field(default_factory=dict, repr=False)
    meta_data: dict[str, str] = field(default_factory=dict)
    ignore_branch_filters: bool = False

    def body(self) -> dict[str, Any]:
        """The JSON of the request; what is empty is left out."""
        author = self.author.model_dump(include={"name", "email"}, exclude_none=True) if self.author else {}
        optional = {
            "message": self.message,
            "author": author,
            "env": self.env,
            "meta_data": self.meta_data,
            "ignore_pipeline_branch_filters": self.ignore_branch_filters,
        }
        given = {key: value for key, value in optional.items() if value}
        return {"commit": self.commit, "branch": self.branch, **given}
