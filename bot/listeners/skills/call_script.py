"""OperationCalls Kitestring's REST API from a shell; needs nothing but Python.

    python scripts/kitestring.py build create pipeline=web branch=main
    python scripts/kitestring.py build cancel pipeline=web number=41 --yes
    python scripts/kitestring.py build list state=failed state=blocked

KITESTRING_URL is the bot's address and KITESTRING_TOKEN an API token. Prints the answer as JSON. The exit status
is 0 if it was done, 1 if it failed or was refused, and 3 if it still waits: for approval in Slack, or because it
takes long.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request

LONGEST_WAIT_SECONDS = 600
DONE, FAILED, WRONG_USE, WAITS = 0, 1, 2, 3


def main(words: list[str]) -> int:
    """Make the call that the words name, wait for its outcome, print it and return the exit status."""
    names = [word for word in words if "=" not in word and not word.startswith("-")]
    unknown = [word for word in words if word.startswith("-") and word != "--yes"]
    base, token = os.environ.get("KITESTRING_URL", ""), os.environ.get("KITESTRING_TOKEN", "")
    if not (names and base and token) or unknown:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return WRONG_USE
    path = "/api/v1/" + "/".join(names) + ("?yes=true" if "--yes" in words else "")
    status, answer = _request(base, token, path, _read_arguments(words))
    poll, until = answer.get("poll"), time.monotonic() + LONGEST_WAIT_SECONDS
    while isinstance(poll, str) and time.monotonic() < until:
        time.sleep(2)
        status, answer = _request(base, token, poll, None)
        poll = answer.get("poll")
    print(json.dumps(answer, indent=2, ensure_ascii=False))  # noqa: T201
    if isinstance(poll, str):
        return WAITS
    return FAILED if status >= 400 or "problem" in answer else DONE


def _read_arguments(words: list[str]) -> dict[str, object]:
    """Return the arguments: `name=value`, a repeated name as a list, `name.key=value` as a pair."""
    given: dict[str, object] = {}
    for name, _, value in (word.partition("=") for word in words if "=" in word):
        owner, _, key = name.partition(".")
        known = given.get(owner)
        if key:
            given[owner] = {**(known if isinstance(known, dict) else {}), key: value}
        elif known is None:
            given[name] = value
        else:
            given[name] = [*(known if isinstance(known, list) else [known]), value]
    return given


def _request(base: str, token: str, path: str, body: dict[str, object] | None) -> tuple[int, dict[str, object]]:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base.rstrip("/") + path, content, headers)  # noqa: S310 (the person's address)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
