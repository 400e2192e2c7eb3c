"""Seeds read-only documents: teams, templates, rules, emojis and agent tokens."""

from simulators.buildkite import views
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import graphql_id, iso

_EMOJI = "https://buildkiteassets.com/emoji"


def seed_documents(sim: BuildkiteSim) -> None:
    """Add one or two documents of each kind."""
    _add_team(sim, "Everyone", default=True)
    _add_team(sim, "Release captains", default=False)
    _add_template(sim)
    _add_rule(sim)
    sim.documents_of("emoji").extend(
        [
            {"name": "rocket", "url": f"{_EMOJI}/unicode/1f680.png?v1"},
            {"name": "shipit", "url": f"{_EMOJI}/shipit.png?v1", "aliases": ["squirrel"]},
        ]
    )
    token = {
        "id": sim.new_id(),
        "description": "Linux agents",
        "expires_at": None,
        "allowed_ip_addresses": "0.0.0.0/0",
        "created_at": iso(sim.now()),
    }
    sim.cluster.tokens.append(token)


def _add_team(sim: BuildkiteSim, name: str, default: bool) -> None:
    ident = sim.new_id()
    sim.documents_of("team").append(
        {
            "id": ident,
            "graphql_id": graphql_id("Team", ident),
            "name": name,
            "slug": name.lower().replace(" ", "-"),
            "description": "",
            "privacy": "visible",
            "default": default,
            "created_at": iso(sim.now()),
            "created_by": views.render_user(sim.user),
        }
    )


def _add_template(sim: BuildkiteSim) -> None:
    ident = sim.new_id()
    path = f"/pipeline-templates/{ident}"
    now, author = iso(sim.now()), views.render_user(sim.user)
    sim.documents_of("template").append(
        {
            "uuid": ident,
            "graphql_id": graphql_id("PipelineTemplate", ident),
            "name": "Service",
            "description": "Build, test, deploy",
            "configuration": "steps:\n- label: Build\n  command: make\n",
            "available": True,
            "url": f"/v2/organizations/{sim.org}{path}",
            "web_url": f"/organizations/{sim.org}{path}",
            "created_at": now,
            "created_by": author,
            "updated_at": now,
            "updated_by": author,
        }
    )


def _add_rule(sim: BuildkiteSim) -> None:
    ident = sim.new_id()
    slugs = list(sim.pipelines)
    sim.documents_of("rule").append(
        {
            "uuid": ident,
            "graphql_id": graphql_id("Rule", ident),
            "organization_uuid": sim.id,
            "url": f"/v2/organizations/{sim.org}/rules/{ident}",
            "type": "pipeline.trigger_build.pipeline",
            "source_type": "pipeline",
            "source_uuid": sim.pipelines[slugs[0]].id,
            "target_type": "pipeline",
            "target_uuid": sim.pipelines[slugs[-1]].id,
            "effect": "allow",
            "action": "trigger_build",
            "created_at": iso(sim.now()),
            "created_by": views.render_user(sim.user),
        }
    )
