"""openid.connect.token, and the person who signs in before it.

https://docs.slack.dev/authentication/sign-in-with-slack/
"""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Profile

Json = dict[str, Any]
PATH = "/openid/connect/authorize"
SECONDS = 600


@dataclass(frozen=True)
class SignIn:
    """A person who has agreed to sign in to an app, which hasn't asked who it is yet."""

    profile: Profile
    asked: dict[str, str]
    at: float


def agree(slack: Installation, url: str, profile: Profile) -> str:
    """Let a person agree at the address that an app sent them to; return where Slack sends them."""
    asked = dict(parse_qsl(urlsplit(url).query))
    if urlsplit(url).path.endswith(PATH) is False or asked.get("scope") != "openid":
        raise ApiError("invalid_scope")
    code = f"{slack.ids.number()}.{slack.ids.uuid()}"
    slack.sign_ins[code] = SignIn(profile, asked, slack.now())
    return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"


def tell_identity(slack: Installation, args: Arguments) -> Json:
    """Return the ID token for a code, once."""
    found = slack.sign_ins.pop(args.text("code"), None)
    if found is None or slack.now() - found.at > SECONDS:
        raise ApiError("invalid_code")
    if args.text("redirect_uri") != found.asked["redirect_uri"]:
        raise ApiError("bad_redirect_uri")
    claims = {
        "iss": "https://slack.com",
        "sub": found.profile.id,
        "aud": found.asked["client_id"],
        "exp": slack.now() + 300,
        "iat": slack.now(),
        "nonce": found.asked.get("nonce", ""),
        "https://slack.com/team_id": found.profile.team,
        "https://slack.com/user_id": found.profile.id,
    }
    parts = ({"typ": "JWT", "alg": "RS256", "kid": "sim"}, claims)
    token = ".".join([*map(_encode, parts), "c2lnbmF0dXJl"])
    return {"access_token": "xoxp-sim", "token_type": "Bearer", "id_token": token}


def _encode(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


METHODS = (Method("openid.connect.token", tell_identity, token="none"),)
