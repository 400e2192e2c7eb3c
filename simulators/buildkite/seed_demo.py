"""Seeds an organization with realistic pipelines, agents and people."""

from simulators.buildkite.seed_documents import seed_documents
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.steps import StepSource

RELEASE = {
    "block": "Release to production?",
    "key": "release",
    "fields": [
        {"text": "Release name", "key": "release-name", "hint": "Shown in the changelog", "required": True},
        {
            "select": "Ring",
            "key": "ring",
            "default": "canary",
            "options": [
                {"label": "Canary (5 %)", "value": "canary"},
                {"label": "Half", "value": "half"},
                {"label": "Everyone", "value": "all"},
            ],
        },
    ],
}


def seed_demo(sim: BuildkiteSim) -> None:
    """Add five pipelines, four agents in two queues and a few colleagues."""
    _add_web(sim)
    _add_deploy(sim)
    _add_api(sim)
    _add_docs_and_mobile(sim)
    for name, queue in (("ci-linux-1", "default"), ("ci-linux-2", "default"), ("ci-linux-3", "default")):
        sim.agent(name, queue=queue)
    sim.agent("deploy-1", queue="deploy")
    for name in ("Ada Martin", "Noor Haddad"):
        sim.person(name)
    seed_documents(sim)


def _add_web(sim: BuildkiteSim) -> None:
    steps: list[StepSource] = [
        {"label": ":eslint: Lint", "command": "bin/lint", "key": "lint"},
        {"label": ":jest: Test", "command": "bin/test", "key": "test", "parallelism": 2},
        "wait",
        {"label": ":package: Package", "command": "bin/package", "key": "package", "artifact_paths": "dist/*"},
    ]
    sim.pipeline("web", name="Web", steps=steps, description="The storefront")


def _add_deploy(sim: BuildkiteSim) -> None:
    steps: list[StepSource] = [
        {"label": ":test_tube: Test", "command": "bin/test", "key": "test"},
        RELEASE,
        {
            "label": ":rocket: Deploy",
            "command": "bin/deploy",
            "key": "deploy",
            "agents": {"queue": "deploy"},
        },
    ]
    sim.pipeline("deploy-prod", name="Deploy to production", steps=steps, description="Production deploys")


def _add_api(sim: BuildkiteSim) -> None:
    steps: list[StepSource] = [
        {"label": ":go: Build", "command": "make build", "key": "build"},
        "wait",
        {
            "label": ":go: Test",
            "command": "make test",
            "key": "test",
            "retry": {"automatic": [{"exit_status": "*", "limit": 1}]},
        },
        {"label": ":shield: Audit", "command": "make audit", "key": "audit", "soft_fail": True},
    ]
    sim.pipeline("api", name="API", steps=steps, description="The public API", skip_queued_branch_builds=True)


def _add_docs_and_mobile(sim: BuildkiteSim) -> None:
    docs: list[StepSource] = [
        {"label": ":books: Build", "command": "make html", "key": "build"},
        "wait",
        {"label": ":globe_with_meridians: Publish", "command": "make publish", "key": "publish"},
    ]
    sim.pipeline("docs-site", name="Docs site", steps=docs, description="docs.acme-inc.example")
    mobile: list[StepSource] = [
        {"label": ":android: Android", "command": "bin/android", "key": "android"},
        {"label": ":ios: iOS", "command": "bin/ios", "key": "ios"},
    ]
    sim.pipeline("mobile", name="Mobile", steps=mobile, description="Both apps")
