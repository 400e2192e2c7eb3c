"""Job commands: list, log, retry and unblock."""

import pytest
from inline_snapshot import snapshot

from bot.errors import Ambiguous, Conflict, NotFound, NothingToDo, UsageError
from bot.execution.resolve.job import simplify_name
from bot.operations.operation import FormField
from bot.slack.blockkit.mrkdwn import strip_markup
from commands.job import block_step


@pytest.fixture
def failed_build(bench):
    """A build of `web` with a card in the thread whose lint failed and has a log."""
    build = bench.sim.create_build("web")
    bench.sim.log(build.find_job("lint").id, "\x1b[31mError: x < y\x1b[0m\nDB_PASSWORD=hunter2\n")
    bench.sim.run_build(build, fail=["lint"])
    return build


@pytest.fixture
def gate(bench):
    """The block step at which a build of `deploy-prod` is waiting."""
    build = bench.sim.create_build("deploy-prod")
    bench.sim.run_build(build)
    return build.find_job("release")


@pytest.mark.usefixtures("failed_build")
async def test_jobs_are_listed(bench) -> None:
    """All jobs except wait steps are listed with state and exit status; failed ones have log buttons."""
    reply = await bench.ask("job list web 1")
    assert [row[0] for row in reply.table.rows] == snapshot(["❌ failed", "✅ passed", "✅ passed", "⏭️ skipped"])
    assert [button.label for button in reply.buttons] == snapshot(["Retry: :eslint: Lint", "Log: :eslint: Lint"])
    only = await bench.ask("job list web 1 --state failed")
    assert [row[3] for row in only.table.rows] == ["exit status 1"]


@pytest.mark.usefixtures("failed_build")
async def test_log_shows_the_only_failed_job(bench) -> None:
    """In a build's thread, the log of its only failed job is shown privately, cleaned and masked."""
    await bench.follow("web", 1)
    reply = await bench.ask("job log")
    assert reply.private
    assert "Error: x < y" in reply.log
    assert "hunter2" not in reply.log
    assert "\x1b" not in reply.log
    assert strip_markup(reply.text) == ":eslint: Lint of web#1 · failed · exit status 1"
    assert reply.footer == "Full log. Secrets are masked."


@pytest.mark.parametrize("word", ["lint", "Lint", ":eslint: Lint"])
async def test_a_job_is_found_by_what_people_call_it(bench, failed_build, word: str) -> None:
    """A job is found by its step key, its name, or its name without the emoji."""
    _, args = await bench.pin(f'job log "{word}" -p web -n 1')
    assert args.job == failed_build.find_job("lint").id


async def test_a_job_is_found_by_id_prefix_or_url(bench, failed_build) -> None:
    """A job's id, the start of it, or its URL also identifies the build."""
    job = failed_build.find_job("lint").id
    url = f"https://buildkite.com/acme-inc/web/builds/1#{job}"
    for text in (f"job log {job}", f"job log {job[:8]} -p web -n 1", f"job log {url}"):
        _, args = await bench.pin(text)
        assert (args.pipeline, args.number, args.job) == ("web", 1, job)


async def test_a_job_is_judged_by_its_own_pipeline(bench, failed_build) -> None:
    """A job's id with another build is refused, so that no other pipeline's rules apply."""
    job = failed_build.find_job("lint").id
    bench.sim.create_build("docs-site")
    for words in ("-p docs-site -n 1", "-p web -n 7", "-p docs-site"):
        with pytest.raises(UsageError, match="That job belongs to web#1, not to"):
            await bench.pin(f"job unblock {job} {words}")
    _, args = await bench.pin(f"job unblock {job} -p Web")
    assert (args.pipeline, args.number) == ("web", 1)


async def test_a_retried_job_still_has_its_log(bench, failed_build) -> None:
    """A retried job isn't listed in its build any more, but its id still shows its log."""
    job = failed_build.find_job("lint").id
    bench.sim.retry_job(job)
    assert "Error: x < y" in (await bench.ask(f"job log {job}")).log


async def test_several_failed_jobs_are_offered(bench) -> None:
    """With two failed jobs, the choices contain job, pipeline and number."""
    build = bench.sim.create_build("mobile")
    bench.sim.run_build(build, fail=["ios", "android"])
    with pytest.raises(Ambiguous) as caught:
        await bench.pin("job log -p mobile -n 1")
    assert [value for _, value in caught.value.options] == [
        {"job": build.find_job(key).id, "pipeline": "mobile", "number": "1"} for key in ("android", "ios")
    ]


@pytest.mark.usefixtures("failed_build")
async def test_an_unknown_job_gets_near_names(bench) -> None:
    """An unknown job is answered with similar names."""
    with pytest.raises(NotFound, match=r"no job “lnt”. Did you mean :eslint: Lint\?"):
        await bench.pin("job log lnt -p web -n 1")


async def test_without_a_failed_job_the_others_are_offered(bench) -> None:
    """If no job failed, any job that has run is offered; if none has run, there is an error."""
    build = bench.sim.create_build("mobile")
    with pytest.raises(UsageError, match=r"mobile#1 has no failed job\. Name the job"):
        await bench.pin("job log -p mobile -n 1")
    bench.sim.run_build(build)
    with pytest.raises(Ambiguous, match=r"no failed job\. Which one do you mean") as caught:
        await bench.pin("job log -p mobile -n 1")
    assert len(caught.value.options) == 2
    with pytest.raises(UsageError, match="mobile#1 has no failed job"):
        await bench.pin("job retry -p mobile -n 1")


async def test_log_shows_the_requested_last_lines(bench, failed_build) -> None:
    """The requested number of lines is shown, and that it isn't the full log."""
    bench.sim.log(failed_build.find_job("lint").id, "".join(f"line {n}\n" for n in range(400)))
    reply = await bench.ask("job log lint -p web -n 1 --lines 3")
    assert (reply.log, reply.footer) == ("line 397\nline 398\nline 399", "Last 3 lines. Secrets are masked.")
    assert reply.file is None


async def test_the_full_log_comes_as_a_file(bench, failed_build) -> None:
    """The file contains every line, cleaned and masked."""
    bench.sim.log(failed_build.find_job("lint").id, "x" * 70_000)
    reply = await bench.ask("job log lint -p web -n 1 --full")
    assert reply.file.name == "web-1-eslint-lint.log"
    assert len(reply.file.content) > 70_000
    assert b"hunter2" not in reply.file.content
    assert reply.file.title == "Log of :eslint: Lint, web#1"


async def test_the_end_of_a_huge_log_comes_as_a_file(bench, failed_build) -> None:
    """For a log of many megabytes, the file contains the last two, from the start of a line."""
    bench.sim.log(failed_build.find_job("lint").id, f"{'x' * 99}\n" * 25_000)
    reply = await bench.ask("job log lint -p web -n 1 --full")
    assert reply.file.title.startswith("End of the log")
    assert reply.file.content.startswith(b"x" * 99 + b"\n")
    assert len(reply.file.content) <= 2 * 1024 * 1024


async def test_a_job_without_output_says_so(bench) -> None:
    """For a job without output, the reply says so."""
    bench.sim.create_build("web")
    reply = await bench.ask("job log lint -p web -n 1")
    assert (reply.log, reply.text.endswith("the log is still empty.")) == (None, True)


@pytest.mark.usefixtures("gate")
async def test_a_gate_has_no_log(bench) -> None:
    """Asking for a block step's log is an error."""
    with pytest.raises(UsageError, match="is a manual step; it has no log"):
        await bench.ask("job log release -p deploy-prod -n 1")


async def test_a_job_is_retried(bench, failed_build) -> None:
    """A retry is announced publicly and found after a crash; a second one is refused."""
    old = failed_build.find_job("lint").id
    assert await bench.probe(f"job retry {old}") is None
    reply = await bench.ask(f"job retry {old}")
    assert (reply.private, "retried" in reply.text, "of web#1" in reply.text) == (False, True, True)
    assert await bench.probe(f"job retry {old}") is not None
    with pytest.raises(NothingToDo, match="was already retried"):
        await bench.ask(f"job retry {old}")


async def test_a_gate_is_unblocked_with_its_fields(bench, gate) -> None:
    """Fields are sent by key with defaults filled in, the person is credited, and the probe sees it."""
    await bench.follow("deploy-prod", 1)
    assert await bench.probe("job unblock") is None
    reply = await bench.ask("job unblock release release-name=1.42")
    assert (reply.text, reply.private) == snapshot(
        ("unblocked “Release to production?”: Release name 1.42, Ring Canary (5 %)", False)
    )
    sent = bench.sim.requests[-1].json
    assert sent["fields"] == {"release-name": "1.42", "ring": "canary"}
    assert gate.unblocked_by.name == "Ada Martin"
    assert await bench.probe(f"job unblock {gate.id}") is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", r"needs `release-name` \(Release name\). Add `release-name=…`"),
        ("release-name=1 ring=moon", "`moon` isn.t an option for `ring`. Options: `canary`, `half`, `all`"),
    ],
)
async def test_missing_and_wrong_fields_are_named(bench, gate, words: str, message: str) -> None:
    """Missing and invalid values are named, and nothing is unblocked."""
    with pytest.raises(UsageError, match=message):
        await bench.ask(f"job unblock release -p deploy-prod -n 1 {words}")
    assert gate.state == "blocked"


@pytest.mark.usefixtures("gate")
async def test_the_form_has_the_steps_fields(bench) -> None:
    """The form of a block step has the inputs of its step."""
    op = bench.registry["job unblock"]
    inputs = await op.load_fields({"pipeline": "deploy-prod", "number": "1"}, bench.build_context(op))
    assert [(field.key, field.required, field.default) for field in inputs] == [
        ("release-name", True, ""),
        ("ring", True, "canary"),
    ]


async def test_without_the_members_list_no_one_is_credited(bench, gate) -> None:
    """If the token can't list members, the step is unblocked without a person's name."""
    bench.sim.scopes.discard("read_organizations")
    await bench.ask("job unblock release -p deploy-prod -n 1 release-name=1")
    assert "unblocker" not in bench.sim.requests[-1].json
    assert gate.state == "unblocked"


@pytest.mark.usefixtures("failed_build")
async def test_a_job_that_cannot_be_unblocked_gets_buildkites_reason(bench) -> None:
    """Unblocking a job that isn't a block step is answered with Buildkite's own words."""
    with pytest.raises(Conflict, match="This job type cannot be unblocked"):
        await bench.ask("job unblock lint -p web -n 1")


def test_names_are_compared_without_emoji() -> None:
    """Emoji codes in a job's name are ignored unless the name has nothing else."""
    assert (simplify_name(":eslint: Lint"), simplify_name(":rocket:")) == ("lint", ":rocket:")


def test_answers_that_may_be_secret_are_masked() -> None:
    """The announcement of an unblock has the labels of its answers, and leaves out what may be a secret."""
    fields = (FormField("ring", "Ring", options=(("Canary", "canary"),)), FormField("api-token", "API token"))
    answers = {"ring": "canary", "api-token": "made-up-and-long", "other": "1"}
    assert block_step.describe_answers(fields, answers) == "Ring Canary, API token •••, other 1"
