"""Logs as people read them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.failures.log_text import SHOWN, clean_log, cut_log_end
from bot.runtime.redaction import MASK, mask_secrets

SECRETS = [
    "xoxb-1234567890-abcdefghij",
    "xapp-1-A012345-9876543210-abc",
    "bkua_0123456789abcdef",
    "bkct_0123456789abcdef",
    "bkaj_0123456789abcdef",
    "ghp_0123456789abcdefghij",
    "github_pat_0123456789abcdefghij",
    "AKIA0123456789ABCDEF",
    "ASIA0123456789ABCDEF",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
]
noise = st.text(st.characters(codec="utf-8"), max_size=60)
garbage = st.text(st.sampled_from("ab\n\r\t\x1b\x07\x9b[]_;m0K\\\x00~+-^ =:'\"xoxb-"), max_size=200)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;4mbold\x1b[m", "red and bold"),
        ("\x1b_bk;t=1723000000000\x07hello", "hello"),
        ("a\x1b]0;title\x07b\x1b]8;;https://x\x1b\\c", "abc"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("line\r\x1b[K", "line"),
        (
            "~~~ Preparing\n--- :package: Build\n+++ Test\n^^^ +++\nfailed",
            "▸ Preparing\n▸ :package: Build\n▸ Test\nfailed",
        ),
        ("\x1b]1339;url='https://x.test';content='Report'\x07", "Report"),
        ("--- a/file.py\n---\n", "▸ a/file.py\n---\n"),
        ("bell\x07 null\x00 tab\tend", "bell null tab    end"),
        ("never ended \x1b]0;title\nnext", "never ended \nnext"),
    ],
)
def test_a_log_looks_as_in_a_terminal(raw: str, shown: str) -> None:
    """Colours, time markers, titles and progress bars are resolved; group headers are readable."""
    assert clean_log(raw) == shown


@given(garbage)
def test_no_control_character_is_left(raw: str) -> None:
    """Of all control characters that a job prints, only line breaks remain."""
    assert not [char for char in clean_log(raw) if ord(char) < 32 and char != "\n"]
    assert "\x1b" not in clean_log(raw)
    assert "\x9b" not in clean_log(raw)


@given(garbage, st.integers(1, 300), st.booleans())
def test_the_end_of_a_log_is_bounded(raw: str, lines: int, whole: bool) -> None:
    """There are never more lines than requested, or more characters than fit a message."""
    shown = cut_log_end(raw * 40, lines, whole=whole)
    assert len(shown.text) <= SHOWN
    assert shown.lines <= lines
    assert not shown.text or shown.text.count("\n") + 1 == shown.lines


@given(st.sampled_from(SECRETS), noise, noise)
def test_a_token_is_never_shown(secret: str, before: str, after: str) -> None:
    """A token of a known form is masked wherever it stands apart, even in colour."""
    raw = f"{before} \x1b[32m{secret}\x1b[0m {after}"
    assert secret not in clean_log(raw)


def test_a_token_joined_to_a_word_by_a_control_sequence_is_masked() -> None:
    """A token is masked even if a control sequence swallows the space before it."""
    assert "xoxb-1234567890" not in clean_log("0\x9b \x1b[32mxoxb-1234567890-abcdefghij\x1b[0m ")


@given(st.sampled_from(SECRETS))
def test_a_token_cut_by_escapes_is_still_a_token(secret: str) -> None:
    """A token with an escape sequence in its middle is masked."""
    assert clean_log(f"{secret[:9]}\x1b[0m{secret[9:]}") == MASK


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("DB_PASSWORD=hunter2 next", f"DB_PASSWORD={MASK} next"),
        ('"secret": "a b c", "x": 1', f'"secret": {MASK}, "x": 1'),
        ("token: 'abc def'", f"token: {MASK}"),
        ("AWS_SECRET_ACCESS_KEY = abc/def+1", f"AWS_SECRET_ACCESS_KEY = {MASK}"),
        ("psql --password hunter2 -h db", f"psql --password {MASK} -h db"),
        ("git clone https://ci:s3cr3t@git.test/x", f"git clone https://ci:{MASK}@git.test/x"),
        ("Authorization: Bearer abcdef1234567890", f"Authorization: Bearer {MASK}"),
        ("https://hooks.slack.com/services/T0/B0/xyz", f"https://hooks.slack.com/{MASK}"),
        ("no secrets here", "no secrets here"),
        ("token count 12, tokenizer ok", "token count 12, tokenizer ok"),
    ],
)
def test_named_secrets_are_masked_and_their_names_stay(raw: str, shown: str) -> None:
    """The value after a name such as PASSWORD is masked; the name and the rest stay."""
    assert mask_secrets(raw) == shown


def test_a_private_key_is_masked_even_in_part() -> None:
    """A private key is masked whole, without its end, and without its beginning."""
    body = "MIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEA\n"
    begin, end = "-----BEGIN RSA PRIVATE KEY-----\n", "-----END RSA PRIVATE KEY-----"
    for raw in (begin + body + end, begin + body, body + end):
        assert "MIIE" not in mask_secrets(raw)
        assert "BAQE" not in mask_secrets(raw)


def test_a_cut_line_is_dropped() -> None:
    """The cut first line of a log's end is dropped, since half a token can't be recognised."""
    assert cut_log_end("45-rest-of-a-token\nlast", 50, whole=False) == ("last", 1, True)
    assert cut_log_end("first\nlast\n\n", 50, whole=True) == ("first\nlast", 2, False)


def test_long_lines_and_many_lines_are_shortened() -> None:
    """The last lines are kept, each shortened, and the cut is reported."""
    shown = cut_log_end("x" * 5000 + "\n" + "\n".join(map(str, range(100))), 50, whole=True)
    assert (shown.lines, shown.cut, shown.text.split("\n")[0]) == (50, True, "50")
    assert cut_log_end("y" * 5000, 50, whole=True).text.endswith("y…")


KEYLIKE = f"{'x' * 99}\n" * 5_000
HOSTILE = [
    "password" * 30_000,
    "\x1b[" * 100_000,
    "\x1b]x" * 60_000,
    "-----BEGIN " * 20_000,
    "-eyJaaaaaa" * 20_000,
    KEYLIKE,
    KEYLIKE + "-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_hostile_log_is_read_in_time(raw: str) -> None:
    """A log made to slow down pattern matching takes seconds at most."""
    begun = time.process_time()
    clean_log(raw)
    assert time.process_time() - begun < 5
