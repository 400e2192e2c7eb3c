"""Models of the REST API for organizations, members and clusters, and the body of a new build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.buildkite.models import AnyPerson, Moment, Person, Vendor

# Keys of a build's meta-data: which bot started it, and for which invocation.
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
    """Addresses and CIDR blocks that webhooks come from. https://buildkite.com/docs/apis/rest-api/meta"""

    webhook_ips: tuple[str, ...] = ()


class MaintainerActor(Vendor):
    """A user or team that maintains a cluster."""

    name: str | None = None


class Maintainer(Vendor):
    """A maintainer's entry in the list of a cluster."""

    actor: MaintainerActor = MaintainerActor()


class Maintainers(Vendor):
    """Users and teams that maintain a cluster."""

    users: tuple[Maintainer, ...] = ()
    teams: tuple[Maintainer, ...] = ()


class Cluster(Vendor):
    """A cluster; `emoji` is a name in colons, `color` a hex triplet.

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
    """A build to create; sent exactly as requested, without defaults of ours.

    https://buildkite.com/docs/apis/rest-api/builds#create-a-build
    """

    branch: str
    commit: str = "HEAD"
    message: str | None = None
    author: Person | None = None
    env: dict[str, str] = field(default_factory=dict, repr=False)
    meta_data: dict[str, str] = field(default_factory=dict)
    ignore_branch_filters: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of the request, without empty fields."""
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
