"""The front page of help: the tasks that people come with, each with a button."""

from __future__ import annotations

from typing import NamedTuple

from bot.operations.help_results import HelpResult, describe_commands
from bot.operations.help_text import IsAllowed
from bot.operations.registry import Registry
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

QUESTION = "What would you like to do?"


class Task(NamedTuple):
    """A task with the call behind its button; `form`: the button opens the call's form.

    Label, summary and what to type are the operation's own, where the task has none.
    """

    call: Call
    label: str = ""
    summary: str = ""
    form: bool = False
    typed: str = ""


TASKS = (
    Task(
        Call("build create"),
        summary="Choose a pipeline and a branch. The build's card updates here.",
        form=True,
        typed="build create web -b main",
    ),
    Task(Call("build watch"), form=True),
    Task(
        Call("build list", {"state": ["failed"]}),
        "Fix a failure",
        "See what failed. In a build's thread I show its logs, and retry or rebuild it.",
        typed="build list -s failed",
    ),
    Task(
        Call("build list", {"state": ["blocked"]}),
        "Deploy",
        "See which builds wait to be released, and unblock them.",
        typed="build list -s blocked",
    ),
    Task(Call("subscribe"), form=True),
    Task(Call("help", {"noun": "more"}), "More", "All commands, by subject.", typed="help more"),
)


def render_tasks(registry: Registry, allowed: IsAllowed, command: str, greeting: str = "") -> Reply[HelpResult]:
    """Return the tasks that this person may do here. `greeting` comes before the question."""
    offered = [task for task in TASKS if allowed(registry[task.call.operation])]
    if not any(task.call.operation != "help" for task in offered):
        nothing = "There's nothing you can run here."
        return Reply(data=HelpResult(message=nothing), text=nothing, title="Kitestring")
    operations = dict.fromkeys(task.call.operation for task in offered)
    return Reply(
        data=describe_commands((registry[name] for name in operations), command, f"{greeting} {QUESTION}".strip()),
        title=f"{greeting} {QUESTION}".strip(),
        text=join_lines([_render_task(task, registry, command) for task in offered]),
        footer=md(
            "In a build's thread, mention me with what you want: {examples}.",
            examples=code("@kitestring logs"),
        ),
        buttons=tuple(_make_button(task, registry) for task in offered),
    )


def _render_task(task: Task, registry: Registry, command: str) -> Mrkdwn:
    op = registry[task.call.operation]
    typed = task.typed or next(iter(op.examples), op.name)
    return md(
        "{label} {typed}\n{summary}",
        label=bold(task.label or op.button_label),
        typed=code(f"{command} {typed}"),
        summary=task.summary or op.summary,
    )


def _make_button(task: Task, registry: Registry) -> Button:
    label = task.label or registry[task.call.operation].button_label
    style = "primary" if task is TASKS[0] else None
    return Button(label, task.call, style, form=task.form)
