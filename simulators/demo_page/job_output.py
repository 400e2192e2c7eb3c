"""Runs jobs with realistic output: lines at the start, a reason when they fail, files at the end."""

import html

from simulators.buildkite.autoplay import find_free_agent
from simulators.buildkite.models import Agent, Job
from simulators.buildkite.sim import BuildkiteSim

OUTPUT = """\
\x1b[90m$ git fetch -v --prune -- origin {branch}\x1b[0m
HEAD is now at {commit}
+++ {command}
  checkout
    \x1b[32m✓\x1b[0m adds up a basket (14 ms)
    \x1b[32m✓\x1b[0m keeps a voucher (9 ms)
"""
FAILURE = """\
    \x1b[31m✕ ships to islands (31 ms)\x1b[0m

  ● checkout › ships to islands

    expect(received).toBe(expected)

    Expected: 12.50
    Received: 9.90

      at tests/shipping.test.js:48:31

Tests: 1 failed, 2 passed, 3 total
"""
ANNOTATION = """\
<p><strong>1 of 3 tests failed</strong> in <code>{name}</code></p>
<ul><li>checkout › ships to islands: expected 12.50, received 9.90</li></ul>
"""
REPORT = """\
<?xml version="1.0"?>
<testsuite name="{name}" tests="3" failures="{failures}"/>
"""
# Shared by all packages, so that a demo that runs for days holds it only once.
PACKAGE = bytes(1_200_000)
PASSED = "\x1b[32mTests: 3 passed, 3 total\x1b[0m\n"


def start(buildkite: BuildkiteSim, job: Job, agent: Agent | None = None) -> None:
    """Start the job on `agent` or a free one. Raise Refusal if it isn't scheduled."""
    chosen = agent or find_free_agent(buildkite, job)
    buildkite.start_job(job.id, chosen)
    build = job.build
    values = {"branch": build.branch, "commit": build.commit[:10], "command": job.step.command or "true"}
    buildkite.log(job.id, OUTPUT.format(**values))


def finish(buildkite: BuildkiteSim, job: Job, exit_status: int = 0) -> None:
    """End the job with a last line of output. Raise Refusal if it isn't running."""
    if job.state == "running":
        buildkite.log(job.id, FAILURE if exit_status else PASSED)
        if exit_status and job.step.key == "test":
            annotation = ANNOTATION.format(name=html.escape(job.name))
            buildkite.annotate(job.build, annotation, style="error", context="tests", markup=True)
        _leave_files(buildkite, job, exit_status)
    buildkite.finish_job(job.id, exit_status)


def _leave_files(buildkite: BuildkiteSim, job: Job, exit_status: int) -> None:
    """Upload a small test report, or a larger package."""
    if job.step.key == "test":
        report = REPORT.format(name=html.escape(job.name, quote=True), failures=1 if exit_status else 0)
        buildkite.artifact(job.id, "reports/junit.xml", report.encode())
    if job.step.artifact_paths and not exit_status:
        buildkite.artifact(job.id, f"dist/{job.build.pipeline.slug}.tar.gz", PACKAGE)
