"""Reads the settings from the environment, and describes everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidatorFunctionWrapHandler, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import setting_types
from bot.errors import KitestringError
from bot.setting_types import Expectation


class InvalidSettings(KitestringError):
    """The settings can't be used: `problems` are sentences, which never quote a value since it may be secret."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


SLACK_APP = "your app at https://api.slack.com/apps"


class Settings(BaseSettings):
    """All settings; each field is the environment variable of the same name.

    Raises InvalidSettings with all problems at once instead of pydantic's ValidationError.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    slack_bot_token: Annotated[
        setting_types.BotToken,
        Expectation("a bot token that begins with xoxb-", f"{SLACK_APP}, OAuth & Permissions"),
    ] = Field(description="The Slack app's bot token, which begins with `xoxb-`. Required.")
    slack_signing_secret: Annotated[
        setting_types.Secret | None, Expectation("the app's signing secret", f"{SLACK_APP}, Basic Information")
    ] = Field(None, description="The Slack app's signing secret. Required unless `SLACK_APP_TOKEN` is set.")
    slack_app_token: Annotated[
        setting_types.AppToken | None,
        Expectation(
            "an app-level token that begins with xapp-", f"{SLACK_APP}, Basic Information, App-Level Tokens"
        ),
    ] = Field(
        None,
        description="The Slack app's app-level token, which begins with `xapp-` and has the scope "
        "`connections:write`. When set, the bot connects by Socket Mode and `/slack/events` answers 404.",
    )
    slack_client_id: SecretStr | None = Field(
        None, description="Not supported (OAuth installation): `serve` refuses to start if it's set."
    )
    slack_client_secret: SecretStr | None = Field(
        None, description="Not supported (OAuth installation): `serve` refuses to start if it's set."
    )
    slack_sign_in_client_id: Annotated[
        setting_types.ClientId | None,
        Expectation("the app's client id, two numbers with a dot", f"{SLACK_APP}, Basic Information"),
    ] = Field(
        None,
        description="The Slack app's client id. With `SLACK_SIGN_IN_CLIENT_SECRET` and `KITESTRING_URL`, people "
        "sign in with Slack from their MCP clients; see `docs/mcp.md`.",
    )
    slack_sign_in_client_secret: Annotated[
        setting_types.Secret | None, Expectation("the app's client secret", f"{SLACK_APP}, Basic Information")
    ] = Field(None, description="The Slack app's client secret; goes with `SLACK_SIGN_IN_CLIENT_ID`.")
    slack_api_url: setting_types.SlackUrl = Field(
        "https://slack.com/api/", description="Base URL of Slack's Web API."
    )
    buildkite_api_token: Annotated[
        setting_types.Secret, Expectation("an API access token", "https://buildkite.com/user/api-access-tokens")
    ] = Field(description="Buildkite API access token. Required.")
    buildkite_organization_slug: setting_types.OrganizationSlug = Field(
        description="The organization's slug, as in its Buildkite URLs. Required."
    )
    buildkite_rest_api_endpoint: setting_types.RestUrl = Field(
        "https://api.buildkite.com", description="Base URL of Buildkite's REST API, without `/v2`."
    )
    buildkite_agent_token: Annotated[
        setting_types.Secret | None, Expectation("an agent token", "Buildkite, Agents, your cluster, Agent Tokens")
    ] = Field(
        None, description="Agent token of a cluster. With it, `metrics` and `admin stacks` query the Agent API."
    )
    buildkite_agent_endpoint: setting_types.Url = Field(
        "https://agent.buildkite.com/v3", description="Base URL of Buildkite's Agent API."
    )
    buildkite_webhook_token: Annotated[
        setting_types.Secret | None,
        Expectation("the token of the webhook", "Buildkite, Organization Settings, Notification Services"),
    ] = Field(
        None,
        description="Token of the Buildkite webhook. Without it, `/buildkite/webhooks` answers 404 and cards "
        "are updated by polling alone: later, but with the same content.",
    )
    buildkite_webhook_mode: Literal["signature", "token"] = Field(
        "signature", description="How Buildkite's webhooks are authenticated: `signature` or `token`."
    )
    buildkite_webhook_allowlist: Literal["off", "meta"] = Field(
        "off",
        description="`meta`: accept webhooks only from the addresses that Buildkite's `/v2/meta` lists, which is "
        "read at startup and every hour. Other senders get 403; until the list has been read once, all get 503. "
        "Behind a proxy, set `FORWARDED_ALLOW_IPS` as well.",
    )
    database_url: setting_types.DatabaseUrl = Field(
        SecretStr("sqlite+aiosqlite:///kitestring.db"),
        description="The database, as an SQLAlchemy URL (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`).",
    )
    kitestring_secret_key: setting_types.FernetKeys | None = Field(
        None,
        description="Fernet keys that encrypt secrets at rest, comma-separated, newest first. Without it, a key "
        "file is created next to the SQLite database; required with PostgreSQL.",
    )
    kitestring_policy: Annotated[
        setting_types.FilePath | None, Expectation("the path of a policy file, such as policy.toml")
    ] = Field(
        None,
        description="Policy file (TOML): who may do what; see `docs/policy.md`. Reloaded when it changes. "
        "Without it, full members can read and build, and workspace admins can do everything else.",
    )
    kitestring_subscriptions: Annotated[
        setting_types.FilePath | None, Expectation("the path of a subscriptions file, such as subscriptions.toml")
    ] = Field(
        None,
        description="Subscriptions file (TOML); see `docs/subscriptions.md`. Reloaded when it changes.",
    )
    kitestring_url: Annotated[
        setting_types.Url | None,
        Expectation("an https URL, or http on loopback", "where Slack and Buildkite reach this bot"),
    ] = Field(
        None,
        description="The bot's public URL (`https://kitestring.example.com`). With it, `admin service add` "
        "creates the Buildkite webhook.",
    )
    kitestring_api_rate: int = Field(
        60, ge=1, le=100_000, description="Requests a minute that each API token may make; see `docs/api.md`."
    )
    kitestring_slackbot: Literal["off", "on"] = Field(
        "off", description="`on`: Slackbot may call the bot for people, at `/mcp/slack`; see `docs/mcp.md`."
    )
    kitestring_command: setting_types.Command = Field("/bk", description="The slash command.")
    host: setting_types.Host = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(3000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    tls_certfile: Annotated[
        setting_types.FilePath | None, Expectation("the path of a PEM file, such as /etc/kitestring/tls.crt")
    ] = Field(
        None,
        description="Certificate chain (PEM) for serving HTTPS (TLS 1.2 or newer); read at startup. Without it, "
        "the bot serves plain HTTP, for use behind a proxy.",
    )
    tls_keyfile: Annotated[
        setting_types.FilePath | None, Expectation("the path of a PEM file, such as /etc/kitestring/tls.key")
    ] = Field(
        None,
        description="Private key of the certificate (PEM, without a passphrase); goes with `TLS_CERTFILE`.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Separate port for `/metrics`, on loopback. Without it, `/metrics` is on `PORT` and answers "
        "only loopback.",
    )
    metrics_token: Annotated[setting_types.Secret | None, Expectation("a long random string")] = Field(
        None,
        description="When set, `/metrics` answers only requests that carry it (`Authorization: Bearer …`), from "
        "any address.",
    )
    forwarded_allow_ips: setting_types.Addresses | None = Field(
        None, description="Proxies whose `X-Forwarded-For` is trusted: addresses or networks, comma-separated."
    )
    log_level: setting_types.Level = Field("info", description="Log level: `debug`, `info`, `warning` or `error`.")
    log_format: Literal["text", "json"] = Field("text", description="Log format: `text` or `json`.")

    @property
    def socket_mode(self) -> bool:
        """True if Slack is reached by Socket Mode instead of HTTP."""
        return self.slack_app_token is not None

    @property
    def postgresql(self) -> bool:
        """True if the database is PostgreSQL rather than an SQLite file."""
        return self.database_url.get_secret_value().startswith(setting_types.POSTGRESQL)

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The Fernet keys, newest first; empty if the key file is to be used."""
        return (
            setting_types.split_list(self.kitestring_secret_key.get_secret_value())
            if self.kitestring_secret_key
            else ()
        )

    @model_validator(mode="wrap")
    @classmethod
    def _collect_problems(cls, raw: Mapping[str, object], handler: ValidatorFunctionWrapHandler) -> Self:
        problems: list[str] = []
        try:
            settings: Self = handler(raw)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            problems = [_describe_problem(detail, raw) for detail in details]
        problems += _check_combinations(raw)
        if problems:
            raise InvalidSettings(tuple(problems))
        return settings


class _ExplicitSettings(Settings):
    """Settings that ignore the process's environment and `.env`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic-settings passes all five by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` alone, or, if it is None, from the process's environment and `.env`.

    Raise InvalidSettings with one sentence for each variable that is missing or malformed.
    """
    if environ is None:
        return Settings()  # pydantic-settings fills the fields
    given = {name.lower(): value for name, value in environ.items() if name.lower() in Settings.model_fields}
    return _ExplicitSettings(**given)  # type: ignore[arg-type]  # strings, which the model is there to judge


def _find_expectation(name: str) -> Expectation:
    return setting_types.find_expectation(Settings.model_fields[name])


def _describe_problem(problem: ErrorDetails, raw: Mapping[str, object]) -> str:
    """Turn one of pydantic's error details into a sentence that doesn't quote the value."""
    field = str(problem["loc"][0])
    name, expectation = field.upper(), _find_expectation(field)
    if problem["type"] == "missing":
        return f"{name} is not set; {expectation}"
    empty = str(raw.get(field, "")).strip() == ""
    return f"{name} is {'set but empty' if empty else 'malformed'}; {expectation}"


def _check_combinations(raw: Mapping[str, object]) -> Iterator[str]:
    """Yield the problems of variables that depend on each other."""
    if "slack_app_token" not in raw and "slack_signing_secret" not in raw:
        yield (
            f"SLACK_SIGNING_SECRET is not set; {_find_expectation('slack_signing_secret')} "
            "For Socket Mode, set SLACK_APP_TOKEN instead."
        )
    for name, other in (("tls_certfile", "tls_keyfile"), ("tls_keyfile", "tls_certfile")):
        if raw.get(name) and other not in raw:
            yield f"{other.upper()} is not set, and {name.upper()} needs it; {_find_expectation(other)}"
    sign_in = ("slack_sign_in_client_id", "slack_sign_in_client_secret")
    given = [name for name in sign_in if raw.get(name)]
    for other in (*sign_in, "kitestring_url"):
        if given and other not in raw:
            yield f"{other.upper()} is not set, and {given[0].upper()} needs it; {_find_expectation(other)}"
    for name in ("slack_client_id", "slack_client_secret"):
        if name in raw:
            yield (
                f"{name.upper()} is set, but OAuth installation isn't supported; "
                "remove it and set SLACK_BOT_TOKEN."
            )
    if "kitestring_secret_key" not in raw and str(raw.get("database_url", "")).startswith(
        setting_types.POSTGRESQL
    ):
        expectation = _find_expectation("kitestring_secret_key")
        yield f"KITESTRING_SECRET_KEY is not set, and PostgreSQL needs it; {expectation}"
