"""Pages between a client and Slack: what the client wants is shown, and the person signs in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.access.api_tokens.client_tokens import CODE_LIFETIME, ClientGrant, ClientTokens
from bot.errors import KitestringError, Refused
from bot.listeners.mcp.sign_in_provider import CONSENT, Sealer, make_secret
from bot.operations.operation import Permission
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.json_types import JsonObject
from bot.slack.manifest import SIGN_IN_PATH
from bot.slack.sign_in import SlackIdentity, SlackSignIn

_ASKED, _SIGNING_IN = "kitestring_consent", "kitestring_sign_in"
_READS = frozenset({Permission.HELP, Permission.READ, Permission.LOGS, Permission.ARTIFACTS})
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d1c1d}"
    "code{background:#f4f4f4;border-radius:4px;padding:.1em .3em}label{display:block;margin:.5rem 0}"
    "button{font:inherit;padding:.5rem 1rem;border-radius:6px;border:1px solid #611f69;background:#611f69;"
    "color:#fff}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
# Raises Refused for someone who may have no API token.
RequireMember = Callable[[SlackIdentity], Awaitable[None]]


class SignInPages:
    """Asks the person whether a client may act for them, and lets Slack say who they are.

    `base` is the bot's public URL, `team` the workspace whose members may sign in.
    """

    def __init__(
        self,
        base: str,
        team: str,
        sealer: Sealer,
        slack: SlackSignIn,
        tokens: ClientTokens,
        require_member: RequireMember,
        clock: Clock,
    ) -> None:
        self._base = base
        self._team = team
        self._sealer = sealer
        self._slack = slack
        self._tokens = tokens
        self._require_member = require_member
        self._clock = clock

    async def ask(self, request: Request) -> Response:
        """Show what a client wants."""
        sealed = request.query_params.get("request", "")
        asked = self._open(sealed)
        if asked is None:
            return _render_problem("This page is too old. Connect again from your client.", 400)
        mark = make_secret()
        page = _render_question(sealed, mark, str(asked["name"]), str(asked["redirect_uri"]))
        self._set_cookie(page, _ASKED, mark, "strict")
        return page

    async def answer(self, request: Request) -> Response:
        """Take the person's answer: on to Slack, or back to the client.

        The cookie, which no other site's form comes with, shows that the person has seen the question.
        """
        form = {name: str(value) for name, value in parse_qsl((await request.body()).decode("ascii", "replace"))}
        asked = self._open(form.get("request", ""))
        mark = request.cookies.get(_ASKED, "")
        if asked is None or not mark or not hmac.compare_digest(mark, form.get("mark", "")):
            return _render_problem("This page is too old. Connect again from your client.", 400)
        if form.get("answer") != "yes":
            return self._send_back(asked, {"error": "access_denied"})
        state, nonce = make_secret(), make_secret()
        kept: JsonObject = {**asked, "slack_state": state, "nonce": nonce, "reads": form.get("may") == "read"}
        url = self._slack.build_url(f"{self._base}{SIGN_IN_PATH}", state, nonce, self._team)
        response = RedirectResponse(url, 303, _HEADERS)
        self._set_cookie(response, _SIGNING_IN, self._sealer.seal("sign-in", kept), "lax")
        return response

    async def finish(self, request: Request) -> Response:
        """Take the person back from Slack, and send them to the client with a code."""
        kept = self._sealer.open("sign-in", request.cookies.get(_SIGNING_IN, ""))
        state = request.query_params.get("state", "")
        if kept is None or self._is_late(kept) or not hmac.compare_digest(kept["slack_state"], state):
            return _render_problem("This sign-in didn't begin in this browser. Connect again.", 400)
        code = request.query_params.get("code")
        if not code:
            return self._send_back(kept, {"error": "access_denied"})
        try:
            answer = await run_guarded(self._grant(kept, code), "sign-in")
        except Refused as error:
            return _render_problem(f"{error.message} {error.hint}", 403)
        except KitestringError as error:
            return _render_problem(f"{error.message} {error.hint}", 503)
        response = self._send_back(kept, {"code": answer})
        response.delete_cookie(_SIGNING_IN, path="/oauth")
        return response

    async def _grant(self, kept: dict[str, Any], slack_code: str) -> str:
        """Return a code for the client, with which it gets its tokens."""
        identity = await self._slack.identify(slack_code, f"{self._base}{SIGN_IN_PATH}", kept["nonce"])
        if identity.team != self._team:
            raise Refused(
                "You signed in to another workspace.", "Connect again, and choose this one.", "workspace"
            )
        await self._require_member(identity)
        secret, permissions = make_secret(), _READS if kept["reads"] else None
        grant = ClientGrant(identity.user, kept["client"], kept["name"], permissions)
        token = await self._tokens.open(grant, secret)
        names = ("client", "challenge", "redirect_uri", "explicit", "resource")
        about = {name: kept[name] for name in names}
        now = self._clock.now().timestamp()
        return self._sealer.seal("code", {**about, "token": token, "secret": secret, "at": now})

    def _open(self, sealed: str) -> dict[str, Any] | None:
        asked = self._sealer.open("request", sealed)
        return None if asked is None or self._is_late(asked) else asked

    def _is_late(self, asked: dict[str, Any]) -> bool:
        return bool(self._clock.now().timestamp() - asked["at"] > CODE_LIFETIME.total_seconds())

    def _send_back(self, asked: dict[str, Any], answer: dict[str, str]) -> Response:
        """Send the person back to the client. https://www.rfc-editor.org/rfc/rfc9207"""
        state = {"state": asked["state"]} if asked["state"] else {}
        parts = urlsplit(asked["redirect_uri"])
        query = urlencode([*parse_qsl(parts.query), *(answer | state | {"iss": self._base}).items()])
        return RedirectResponse(urlunsplit(parts._replace(query=query)), 303, _HEADERS)

    def _set_cookie(self, response: Response, name: str, value: str, same_site: str) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(CODE_LIFETIME.total_seconds()),
            path="/oauth",
            secure=self._base.startswith("https"),
            httponly=True,
            samesite="strict" if same_site == "strict" else "lax",
        )


def _render_question(sealed: str, mark: str, client: str, redirect_uri: str) -> HTMLResponse:
    parts = urlsplit(redirect_uri)
    goes_to = parts.netloc or f"{parts.scheme}:"
    return _render(
        f"<h1>Let {escape(client)} act for you?</h1><p>It can do what you may do with Kitestring in Slack, under "
        "the same policy and approvals. What it changes in CI is announced with your name and its own. "
        "You see and end it with <code>/bk api-token list</code>.</p>"
        f"<p>It calls itself <b>{escape(client)}</b>, and is answered at <code>{escape(goes_to)}</code>. "
        "Continue only if you have just connected it yourself.</p>"
        f'<form method="post" action="{CONSENT}"><input type="hidden" name="request" value="{escape(sealed)}">'
        f'<input type="hidden" name="mark" value="{escape(mark)}">'
        '<label><input type="radio" name="may" value="all" checked> Everything that I may do</label>'
        '<label><input type="radio" name="may" value="read"> Only read</label>'
        '<p><button name="answer" value="yes">Continue with Slack</button> '
        '<button name="answer" value="no">Cancel</button></p></form>'
    )


def _render_problem(text: str, status: int) -> HTMLResponse:
    return _render(f"<h1>That didn't work</h1><p>{escape(text)}</p>", status)


def _render(body: str, status: int = 200) -> HTMLResponse:
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Kitestring</title><style>{_STYLE}</style>{body}</html>"
    )
    return HTMLResponse(page, status, _HEADERS)
