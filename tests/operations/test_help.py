"""Help shows what the person may run, generated from the operations."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.errors import UsageError
from bot.operations.help_text import render_all_commands, render_command_table, render_help
from bot.operations.operation import Operation, Permission
from bot.operations.usage import format_usage
from tests.operations.sample import sample

REGISTRY = sample()


def member(op: Operation) -> bool:
    """Return whether a member may run an operation."""
    return op.needs not in {Permission.AGENTS, Permission.ADMIN}


def test_help_lists_allowed_commands() -> None:
    """A member's list has groups first, builds before all, and no commands that only admins may run."""
    assert render_all_commands(REGISTRY, member).text.split("\n") == snapshot(
        [
            "`/bk build` cancel · create · list · retry · view",
            "`/bk job` log · reprioritize · retry · unblock",
            "`/bk agent list` What `agent list` does.",
            "`/bk help` What `help` does.",
            "`/bk organization list` What `organization list` does.",
            "`/bk whoami` What `whoami` does.",
        ]
    )


def test_help_on_a_noun_shows_its_commands() -> None:
    """Help on a noun shows usage and summary of its allowed commands."""
    assert render_help(REGISTRY, member, "agent").text.split("\n") == snapshot(
        ["`/bk agent list`", "What `agent list` does."]
    )
    assert render_help(REGISTRY, lambda _: True, "organization").title == "Organization"


def test_help_on_a_command_shows_everything() -> None:
    """Help on a command shows usage, arguments with defaults and choices, and examples."""
    assert render_help(REGISTRY, member, "build", "new").text.split("\n") == snapshot(
        [
            "`/bk build create &lt;pipeline&gt; [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "What `build create` does.",
            "• `pipeline` Pipeline",
            "• `-b, --branch` Branch",
            "• `-c, --commit` Commit (default HEAD)",
            "• `-m, --message` Message",
            "• `-e, --env` Environment, may be repeated",
            "• `-i, --ignore-branch-filters` Ignore branch filters",
            "*Examples*",
            "`/bk build create web -b main`",
        ]
    )
    assert render_help(REGISTRY, member, "build", "list").text.split("\n") == snapshot(
        [
            "`/bk build list [pipeline] [--state running|passed|failed] [--branch branch] [--limit N] [--no-summary]`",
            "What `build list` does.",
            "• `pipeline` Pipeline",
            "• `--state` States: running, passed or failed, may be repeated",
            "• `--branch` Branches, may be repeated",
            "• `--limit` At most (default 10)",
            "• `--no-summary` Without jobs",
        ]
    )


def test_help_on_a_forbidden_command_says_who_may() -> None:
    """Help on a command that the person may not run says who may."""
    assert render_help(REGISTRY, member, "agent", "pause").footer == snapshot(
        "You can't run this here. It's for workspace admins."
    )
    assert render_all_commands(REGISTRY, lambda _: False).text == "There's nothing you can run here."
    assert "You can't run any" in render_help(REGISTRY, lambda _: False, "agent").text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("biuld",), "There's no command `biuld`. Did you mean `build`?"),
        (("build", "cancle"), "`build` has no `cancle`. Did you mean `cancel`?"),
        (("zzz",), "There's no command `zzz`. See `/ci help`."),
        (("build", "zzz"), "`build` has no `zzz`. See `/ci help build`."),
    ],
)
def test_help_on_an_unknown_command_suggests_similar_ones(words: tuple[str, ...], message: str) -> None:
    """A misspelt subject gets a suggestion with the workspace's slash command."""
    with pytest.raises(UsageError) as caught:
        render_help(REGISTRY, member, *words, command="/ci")
    assert str(caught.value) == message


def test_a_lone_command_is_its_own_noun() -> None:
    """`help whoami` explains `whoami` itself."""
    assert render_help(REGISTRY, member, "whoami").title == "Whoami"


def test_usage_is_one_line() -> None:
    """A usage line has positionals first, then required flags, then a few optional ones."""
    assert {op.name: format_usage(op, "/ci", most=2) for op in REGISTRY} == snapshot(
        {
            "agent list": "/ci agent list",
            "agent pause": "/ci agent pause <agent> [--note note] [--timeout-in-minutes N]",
            "agent stop": "/ci agent stop <agent>… [--force]",
            "build cancel": "/ci build cancel [pipeline] [number]",
            "build create": "/ci build create <pipeline> [-b branch] [-c commit] …",
            "build list": "/ci build list [pipeline] [--state running|passed|failed] [--branch branch] …",
            "build retry": "/ci build retry [pipeline] [number]",
            "build view": "/ci build view [pipeline] [number]",
            "help": "/ci help [noun] [verb]",
            "job log": "/ci job log [pipeline] [number] [job]",
            "job reprioritize": "/ci job reprioritize <job> <priority> [--order first|last]",
            "job retry": "/ci job retry [pipeline] [number] [job]",
            "job unblock": "/ci job unblock [pipeline] [number] [job] [KEY=value]…",
            "organization list": "/ci organization list",
            "whoami": "/ci whoami",
        }
    )


def test_the_command_table_is_markdown() -> None:
    """The table is Markdown with escaped pipes in its cells."""
    assert render_command_table(REGISTRY, "/ci").split("\n")[:8] == snapshot(
        [
            "| Command | What it does | Who may |",
            "| --- | --- | --- |",
            "| `/ci agent list` | What `agent list` does. | members (`read`) |",
            "| `/ci agent pause <agent> [--note note] [--timeout-in-minutes N]` | What `agent pause` does. | workspace admins (`agents`) |",
            "| `/ci agent stop <agent>… [--force]` | What `agent stop` does. | workspace admins (`agents`) |",
            "| `/ci build cancel [pipeline] [number]` | What `build cancel` does. | members (`build`) |",
            "| `/ci build create <pipeline> [-b branch] [-c commit] [-m message] …` | What `build create` does. | members (`build`) |",
            "| `/ci build list [pipeline] [--state running\\|passed\\|failed] [--branch branch] [--limit N] …` | What `build list` does. | members (`read`) |",
        ]
    )
