"""Serves the authorization server's paths: metadata, registration, questions to the person, and tokens.

https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
"""

from __future__ import annotations

from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.revoke import RevocationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.client_auth import ClientAuthenticator
from mcp.server.auth.routes import cors_middleware
from mcp.server.auth.settings import ClientRegistrationOptions
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.listeners.mcp.sign_in_pages import SignInPages
from bot.listeners.mcp.sign_in_provider import CONSENT, SignInProvider
from bot.slack.manifest import SIGN_IN_PATH

METADATA = "/.well-known/oauth-authorization-server"
_AUTHORIZE, _TOKEN, _REGISTER, _REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/register", "/oauth/revoke"


def make_sign_in_app(base: str, provider: SignInProvider, pages: SignInPages) -> Starlette:
    """Return the app; `base` is the bot's public URL, and the issuer."""
    authenticator = ClientAuthenticator(provider)
    described = _describe(base)

    async def describe(_request: Request) -> Response:
        return JSONResponse(described, headers={"cache-control": "max-age=3600"})

    register = RegistrationHandler(provider, ClientRegistrationOptions(enabled=True))
    token, revoke = TokenHandler(provider, authenticator), RevocationHandler(provider, authenticator)
    return Starlette(
        routes=[
            Route(METADATA, describe),
            Route(f"{METADATA}/{{below:path}}", describe),
            Route(_AUTHORIZE, AuthorizationHandler(provider).handle, methods=["GET", "POST"]),
            Route(CONSENT, pages.ask, methods=["GET"]),
            Route(CONSENT, pages.answer, methods=["POST"]),
            Route(SIGN_IN_PATH, pages.finish, methods=["GET"]),
            # Clients may be pages, too, as the protocol's inspector is.
            Route(_REGISTER, cors_middleware(register.handle, ["POST"]), methods=["POST", "OPTIONS"]),
            Route(_TOKEN, cors_middleware(token.handle, ["POST"]), methods=["POST", "OPTIONS"]),
            Route(_REVOKE, cors_middleware(revoke.handle, ["POST"]), methods=["POST", "OPTIONS"]),
        ]
    )


def _describe(base: str) -> dict[str, object]:
    """Return the metadata. https://www.rfc-editor.org/rfc/rfc8414#section-2"""
    methods = ["none", "client_secret_post", "client_secret_basic"]
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}{_AUTHORIZE}",
        "token_endpoint": f"{base}{_TOKEN}",
        "registration_endpoint": f"{base}{_REGISTER}",
        "revocation_endpoint": f"{base}{_REVOKE}",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": True,
    }
