"""Typed text is parsed into calls."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.operations.grammar import parse, unparse
from bot.operations.reply import Call
from bot.operations.typed_text import normalise, quote, quote_as_typed, split
from bot.operations.validation import validate
from tests.operations.calls import CHANGED, calls
from tests.operations.sample import sample
from tests.sampling import many_examples

REGISTRY = sample()
PIECES = st.sampled_from(
    [
        "build",
        "create",
        "agent",
        "stop",
        "list",
        "-b",
        "--branch",
        "-e",
        "A=1",
        "--state",
        "a,b",
        '"',
        "'",
        "—",
        "--",
        "–b",
        "<@U1|x>",
        "<http://a.b|a.b>",
        "&lt;",
        "--yes",
        "-h",
        "-5",
        "web#1",
        "#",
        "\\",
        "it’s",
        "--no-force",
        "https://buildkite.com/a/b/builds/1",
        "web@",
        "<!here>",
        "=",
        ",",
    ]
)


def parse_and_validate(text: str) -> Call | UsageError:
    """Parse and validate a text; returns the call or the mistake."""
    try:
        call = parse(text, REGISTRY)
        validate(REGISTRY[call.operation], call.args)
    except UsageError as mistake:
        return mistake
    return call


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("build create web —branch main", ["build", "create", "web", "--branch", "main"]),
        ("build create web –b main", ["build", "create", "web", "-b", "main"]),
        ("build create web —b=main", ["build", "create", "web", "-b=main"]),
        ("x ——yes -–yes", ["x", "--yes", "--yes"]),
        ("-m “don’t stop”", ["-m", "don't stop"]),
        ("-m „so“", ["-m", "so"]),
        ("-m ‘it’s fine’", ["-m", "it's fine"]),
        ("don't and won’t", ["don't", "and", "won't"]),
        ("-m 'two words' x", ["-m", "two words", "x"]),
        ("a\u00a0b\u202fc", ["a", "b", "c"]),
        ("#1 c\\d", ["#1", "c\\d"]),
        ("feat—x a–b", ["feat—x", "a–b"]),
        ("a — b", ["a", "—", "b"]),
        ('-m "— a —b"', ["-m", "— a —b"]),
        ("&amp;&amp; &lt;b&gt; &amp;lt;", ["&&", "<b>", "&lt;"]),
        ("<https://buildkite.com/acme/web/builds/1|build 1>", ["https://buildkite.com/acme/web/builds/1"]),
        ("<https://buildkite.com/acme/web?a=1&amp;b=2>", ["https://buildkite.com/acme/web?a=1&b=2"]),
        ("web.<http://app.io|app.io>", ["web.app.io"]),
        ("<mailto:ann@acme.test|ann@acme.test>", ["ann@acme.test"]),
        ("<@U0ANN|ann> <#C0CI|ci> <#C1|>", ["<@U0ANN>", "<#C0CI>", "<#C1>"]),
        ("<!here|here> <!subteam^S1|@ops>", ["here", "@ops"]),
        ("x '' \"\"", ["x", "", ""]),
        ("—5", ["-5"]),
    ],
)
def test_punctuation_that_clients_change_is_changed_back(text: str, words: list[str]) -> None:
    """Quotes, dashes, links and spaces that clients change are read as the person typed them."""
    assert split(normalise(text)) == words


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("", Call("help")),
        ("  ", Call("help")),
        ("--help", Call("help")),
        ("build", Call("help", {"noun": "build"})),
        ("build --help", Call("help", {"noun": "build"})),
        ("build create --help", Call("help", {"noun": "build", "verb": "create"})),
        ("build create web -h", Call("help", {"noun": "build", "verb": "create"})),
        ("help build create", Call("help", {"noun": "build", "verb": "create"})),
        ("whoami", Call("whoami")),
        ("org ls", Call("organization list")),
        ("build new web", Call("build create", {"pipeline": "web"})),
        ("job priority a1 -5", Call("job reprioritize", {"job": "a1", "priority": "-5"})),
        ("/bk Build View 7", Call("build view", {"pipeline": "7"})),
        ("cancel", Call("build cancel")),
        ("retry", Call("build retry")),
        ("log", Call("job log")),
        ("unblock", Call("job unblock")),
        ("pause mac-1", Call("agent pause", {"agent": "mac-1"})),
        ("reprioritize a 1", Call("job reprioritize", {"job": "a", "priority": "1"})),
        ("build view web 101", Call("build view", {"pipeline": "web", "number": "101"})),
        ("build view -n 101 web", Call("build view", {"pipeline": "web", "number": "101"})),
        ("build view -p web 101", Call("build view", {"pipeline": "web", "number": "101"})),
        ("build cancel web#1 --yes", Call("build cancel", {"pipeline": "web#1"}, confirmed=True)),
        ("-y build cancel web#1", Call("build cancel", {"pipeline": "web#1"}, confirmed=True)),
        (
            "build create -e A=1 web -b main -e B=x=y -i",
            Call(
                "build create",
                {
                    "pipeline": "web",
                    "branch": "main",
                    "env": {"A": "1", "B": "x=y"},
                    "ignore_branch_filters": "true",
                },
            ),
        ),
        ("build create web -m -fix", Call("build create", {"pipeline": "web", "message": "-fix"})),
        ("build create web --message=--yes", Call("build create", {"pipeline": "web", "message": "--yes"})),
        ("build create -- -web", Call("build create", {"pipeline": "-web"})),
        (
            "build list --state passed,failed --state running",
            Call("build list", {"state": ["passed", "failed", "running"]}),
        ),
        ("build list --no-summary", Call("build list", {"summary": "false"})),
        ("agent stop a b,c --force", Call("agent stop", {"agent": ["a", "b", "c"], "force": "true"})),
        ("job unblock release=1 ring=a=b", Call("job unblock", {"fields": {"release": "1", "ring": "a=b"}})),
        ("job unblock gate r=1", Call("job unblock", {"job": "gate", "fields": {"r": "1"}})),
        ("""job unblock --fields '{"r": "1", "n": 2}'""", Call("job unblock", {"fields": {"r": "1", "n": "2"}})),
        ("job log a1 -b 7", Call("job log", {"job": "a1", "number": "7"})),
    ],
)
def test_text_becomes_the_expected_call(text: str, call: Call) -> None:
    """Nouns, verbs, aliases, flags in any place and lone verbs give the expected calls."""
    assert parse(text, REGISTRY) == call


@many_examples(400)
@given(
    st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=25).map(" ".join), st.lists(PIECES).map("".join))
)
def test_any_text_is_a_call_or_a_mistake(text: str) -> None:
    """Any text is either a call of a known operation or an explained mistake."""
    understood = parse_and_validate(text)
    assert understood.message if isinstance(understood, UsageError) else understood.operation in REGISTRY


@pytest.mark.parametrize(
    "piece", ["'", '"', "-", "—", "<", "<a|", "&amp;", "a'", "' ", "-e ", "--", "a,", "\\", "#"]
)
def test_long_hostile_text_is_parsed_quickly(piece: str) -> None:
    """The longest accepted text takes milliseconds whatever it repeats; a longer one is refused at once."""
    began = time.process_time()
    for text in ((piece * 4000)[:4000], "build create web " + (piece * 4000)[:3900], piece * 10_000):
        understood = parse_and_validate(text)
        assert isinstance(understood, Call) or len(understood.message) < 500
    assert time.process_time() - began < 1.0


def test_deeply_nested_json_is_a_mistake() -> None:
    """A value of deeply nested JSON is an ordinary mistake."""
    understood = parse_and_validate('build create web -e \'{"a":' + "[" * 3900 + "'")
    assert "takes `KEY=value`" in str(understood)


def test_text_over_the_limit_is_refused_with_the_limit() -> None:
    """Text over 4,000 characters is refused with the limit."""
    with pytest.raises(UsageError, match=r"5,000 characters. The limit is 4,000"):
        parse("x" * 5000, REGISTRY)


@given(st.text(st.characters(exclude_characters=CHANGED, exclude_categories=["Cs"])))
def test_a_quoted_word_comes_back_whole(word: str) -> None:
    """Any word, quoted and with Slack's entities, is split back into itself."""
    assert split(normalise(quote_as_typed(word))) == [word]
    assert split(quote(word)) == [word]


@many_examples(400)
@given(st.sampled_from([*REGISTRY]).flatmap(calls))
def test_a_call_written_as_text_reads_back_as_itself(call: Call) -> None:
    """Any call formatted as text parses back to the same call."""
    assert parse(unparse(call, REGISTRY), REGISTRY) == call
