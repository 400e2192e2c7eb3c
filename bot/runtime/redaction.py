"""Masks secrets in text that is shown: known token formats, and values whose name says that they are secret."""

from __future__ import annotations

import re

MASK = "•••"
# Without word boundaries: once control sequences are stripped, a token may directly follow other text.
_SHAPES = re.compile(
    r"""
      xox[a-z]-[A-Za-z0-9%+/=-]{6,}                    # Slack: https://docs.slack.dev/authentication/tokens
    | x(?:app|wfp)-[A-Za-z0-9-]{6,}
    | bk[a-z]{2}_[A-Za-z0-9_-]{6,}                     # Buildkite: bkua_, bkct_, bkaj_, bkpt_, bktr_, …
    | kst_[0-9A-Za-z]{10,}                             # our own API tokens
    | gh[pousr]_[A-Za-z0-9]{10,}                       # GitHub
    | github_pat_[A-Za-z0-9_]{10,}
    | gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[A-Za-z0-9_.-]{10,}    # GitLab
    | (?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}             # AWS, a key's secret beside its id too
      (?:[ \t,;:|"']{1,4}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))?
    | eyJ[A-Za-z0-9_-]{6,400}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?   # JSON web tokens
    | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}       # Stripe
    | npm_[A-Za-z0-9]{20,}
    | pypi-AgE[A-Za-z0-9_-]{20,}
    | dckr_pat_[A-Za-z0-9_-]{20,}
    | hvs\.[A-Za-z0-9_-]{20,}                          # Vault
    | AIza[A-Za-z0-9_-]{30,}                           # Google
    | LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,}                # -----BEGIN in base64
    """,
    re.VERBOSE,
)
_WEBHOOK = re.compile(r"(https://hooks\.slack\.com/)[^\s\"'<>]+")
_URL_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@<>|]{0,64}:)[^\s/@<>|]{1,256}(?=@)", re.IGNORECASE)
_BEARER = re.compile(r"(\b(?:bearer|basic|token)[ \t]+)(?=[^\s]*[0-9_.=/+])[A-Za-z0-9_.=/+-]{12,}", re.IGNORECASE)
_NAMED = re.compile(
    r"""
    ( (?<![A-Za-z0-9_.-])["']? [A-Za-z0-9_.-]{0,40}
      (?:password|passwd|passphrase|pwd|token|secret|api[_-]?key|access[_-]?key|private[_-]?key|credential)
      [A-Za-z0-9_.-]{0,40} ["']? [ \t]* (?:=>|:=|[=:]) [ \t]* )
    ( "[^"\n]*" | '[^'\n]*' | [^\s,;&"']+ )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FLAG = re.compile(
    r"""(--?(?:password|passwd|token|secret|api-key|access-key|private-key)[ \t]+)(?!-)
    ("[^"\n]*"|'[^'\n]*'|\S+)""",
    re.VERBOSE | re.IGNORECASE,
)
_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BLOCK = re.compile(rf"{_BEGIN}.*?(?:{_END}|\Z)", re.DOTALL)
_KEY_END = re.compile(_END)
_KEY_LINE = re.compile(r"[ \t]{0,80}[A-Za-z0-9+/=]{1,200}[ \t]*")
_OTHER_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(?:(?!-----).){0,20000}-----END \1-----", re.DOTALL)


def mask_tokens(text: str) -> str:
    """Mask what is recognisably secret by its format: tokens, private keys, passwords in URLs.

    A private key whose beginning or end is missing is masked as far as it goes.
    """
    if "-----" in text:
        text = _KEY_BLOCK.sub(f"{MASK} private key {MASK}", text)
        text = _OTHER_BLOCK.sub(f"{MASK} \\1 {MASK}", text)
        text = _mask_headless_keys(text)
    text = _SHAPES.sub(MASK, text)
    text = _WEBHOOK.sub(rf"\1{MASK}", text)
    return _URL_LOGIN.sub(rf"\1{MASK}", text)


def mask_secrets(text: str) -> str:
    """Replace every recognisable secret by `•••`; the names of secrets stay readable.

    Beyond `mask_tokens`, this masks values whose name says that they are secret, as in `API_TOKEN=…`.
    """
    text = _NAMED.sub(rf"\1{MASK}", mask_tokens(text))
    text = _FLAG.sub(rf"\1{MASK}", text)
    return _BEARER.sub(rf"\1{MASK}", text)


def _mask_headless_keys(text: str) -> str:
    """Mask the lines of a private key whose BEGIN line was cut off: those that lead up to its END line."""
    if not _KEY_END.search(text):
        return text
    lines = text.split("\n")
    for end, line in enumerate(lines):
        at = end - 1
        while _KEY_END.search(line) and at >= 0 and _KEY_LINE.fullmatch(lines[at]):
            lines[at] = MASK
            at -= 1
    return "\n".join(lines)
