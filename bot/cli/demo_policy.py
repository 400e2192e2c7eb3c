"""The policy of the demo: an approval for deploys, and a freeze that is in force while someone looks at it."""

from __future__ import annotations

from datetime import datetime, timedelta

PROTECTED, FROZEN = "deploy-prod", "docs-site"
_FROZEN_FOR = timedelta(days=2)
_POLICY = """\
admins = "Alice Okafor"

[[grant]]
name = "members build and approve"
standings = ["member"]
permissions = ["help", "read", "logs", "artifacts", "build", "commit", "env", "lock", "approve"]

[[grant]]
name = "admins do everything else"
standings = ["admin"]
permissions = ["agents", "pipelines", "admin"]

[[protect]]
name = "production needs a second pair of eyes"
pipelines = ["{protected}"]
operations = ["create"]

[[freeze]]
name = "the documentation moves"
pipelines = ["{frozen}"]
from = {since:%Y-%m-%dT%H:%M:%S}
until = {until:%Y-%m-%dT%H:%M:%S}
zone = "UTC"
reason = "it moves to a new host"
"""


def render_policy(now: datetime) -> str:
    """Return the policy file, with a freeze that began yesterday."""
    since = now - timedelta(days=1)
    return _POLICY.format(protected=PROTECTED, frozen=FROZEN, since=since, until=now + _FROZEN_FOR)
