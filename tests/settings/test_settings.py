"""Settings are read from the environment, and mistakes in them are described."""

from __future__ import annotations

import traceback

import pytest

from bot.setting_types import find_expectation
from bot.settings import InvalidSettings, Settings, load_settings

KEY = "0123456789012345678901234567890123456789012="
UNSUPPORTED = {"SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"}
HTTP = {
    "SLACK_BOT_TOKEN": "xoxb-1-made-up",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "BUILDKITE_API_TOKEN": "bkua_made_up",
    "BUILDKITE_ORGANIZATION_SLUG": "acme-inc",
}
SOCKET = {name: value for name, value in HTTP.items() if name != "SLACK_SIGNING_SECRET"} | {
    "SLACK_APP_TOKEN": "xapp-1-made-up"
}


def find_problems(environ: dict[str, str]) -> tuple[str, ...]:
    """Return the problems that `load_settings` finds in this environment."""
    with pytest.raises(InvalidSettings) as caught:
        load_settings(environ)
    return caught.value.problems


def test_four_variables_are_enough_over_http() -> None:
    """Four variables are enough over HTTP; all others have their documented default."""
    settings = load_settings(HTTP)
    assert not settings.socket_mode
    assert not settings.postgresql
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.buildkite_rest_api_endpoint == "https://api.buildkite.com"
    assert (settings.host, settings.port, settings.kitestring_command) == ("127.0.0.1", 3000, "/bk")
    assert settings.secret_keys == ()


def test_a_prefix_alone_is_not_a_token() -> None:
    """A token is longer than its prefix."""
    (problems,) = find_problems({**HTTP, "SLACK_BOT_TOKEN": "xoxb-"})
    assert problems.startswith("SLACK_BOT_TOKEN is malformed; ")


def test_socket_mode_needs_no_signing_secret() -> None:
    """An app-level token selects Socket Mode, which needs no signing secret."""
    assert load_settings(SOCKET).socket_mode


def test_an_empty_environment_names_each_required_variable_once() -> None:
    """Each missing variable gets one sentence that names it and says where to get it."""
    problems = find_problems({})
    names = [sentence.split(" ")[0] for sentence in problems]
    assert sorted(names) == sorted(HTTP)
    assert all(" is not set; it should be " in sentence for sentence in problems)
    assert "OAuth & Permissions" in problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-a-user-token"),
        ("SLACK_BOT_TOKEN", "xoxb-1 pasted-with-a-blank"),
        ("SLACK_APP_TOKEN", "xoxb-1-made-up"),
        ("SLACK_API_URL", "http://slack.example/api/"),
        ("SLACK_API_URL", "slack.com/api"),
        ("SLACK_API_URL", "https://name:hunter2@slack.example/api"),
        ("BUILDKITE_API_TOKEN", "bkua made up"),
        ("BUILDKITE_ORGANIZATION_SLUG", "https://buildkite.com/acme-inc"),
        ("BUILDKITE_REST_API_ENDPOINT", "https://api.buildkite.com/v2"),
        ("BUILDKITE_AGENT_ENDPOINT", "http://agent.example/v3"),
        ("BUILDKITE_WEBHOOK_MODE", "signed"),
        ("DATABASE_URL", "sqlite:///kitestring.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://bot:hunter2@db/kitestring"),
        ("KITESTRING_SECRET_KEY", "hunter2"),
        ("KITESTRING_SECRET_KEY", f"{KEY},hunter2"),
        ("KITESTRING_COMMAND", "bk"),
        ("KITESTRING_COMMAND", "/Build"),
        ("KITESTRING_COMMAND", "/" + "b" * 32),
        ("PORT", "65536"),
        ("PORT", "three thousand"),
        ("METRICS_PORT", "0"),
        ("FORWARDED_ALLOW_IPS", "*"),
        ("HOST", "two words"),
        ("LOG_LEVEL", "chatty"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_malformed_value_is_named_and_never_repeated(name: str, value: str) -> None:
    """A malformed variable gets one sentence with its expected form, which doesn't repeat the value."""
    problems = find_problems({**HTTP, name: value})
    assert [sentence.split(" ")[0] for sentence in problems] == [name]
    assert (
        f"is malformed; it should be {find_expectation(Settings.model_fields[name.lower()]).form}" in problems[0]
    )
    assert value not in problems[0].removeprefix(name)


@pytest.mark.parametrize("name", sorted({name.upper() for name in Settings.model_fields} - UNSUPPORTED))
def test_a_variable_that_is_set_but_empty_is_refused(name: str) -> None:
    """An empty variable is a mistake in the deployment, not a request for the default."""
    problems = find_problems({**HTTP, name: ""})
    assert [sentence for sentence in problems if sentence.startswith(f"{name} is set but empty; ")] == list(
        problems
    )


def test_signing_in_needs_three_variables() -> None:
    """Each that is missing is named."""
    problems = find_problems({**HTTP, "SLACK_SIGN_IN_CLIENT_ID": "1.2"})
    names = [sentence.split(" ")[0] for sentence in problems]
    assert names == ["SLACK_SIGN_IN_CLIENT_SECRET", "KITESTRING_URL"]


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_oauth_variables_are_refused(name: str) -> None:
    """The OAuth variables are refused, because Bolt would silently change its mode if it found them."""
    (problems,) = find_problems({**HTTP, name: "12.34"})
    assert problems.startswith(f"{name} is set, but OAuth installation isn't supported")


def test_postgresql_needs_a_key() -> None:
    """With PostgreSQL there is no database file to keep a key next to, so the key must be set."""
    database = {"DATABASE_URL": "postgresql+asyncpg://bot:hunter2@db/kitestring"}
    (problems,) = find_problems(HTTP | database)
    assert problems.startswith("KITESTRING_SECRET_KEY is not set, and PostgreSQL needs it")
    settings = load_settings(HTTP | database | {"KITESTRING_SECRET_KEY": f"{KEY}, {KEY}"})
    assert settings.postgresql
    assert settings.secret_keys == (KEY, KEY)


def test_all_problems_are_reported_together() -> None:
    """All problems are reported in one go."""
    problems = find_problems({"SLACK_BOT_TOKEN": "nonsense", "PORT": "-1", "SLACK_CLIENT_ID": "12.34"})
    assert [sentence.split(" ")[0] for sentence in problems] == [
        "SLACK_BOT_TOKEN",
        "BUILDKITE_API_TOKEN",
        "BUILDKITE_ORGANIZATION_SLUG",
        "PORT",
        "SLACK_SIGNING_SECRET",
        "SLACK_CLIENT_ID",
    ]


def test_secrets_are_in_no_text() -> None:
    """No secret is in the repr of the settings, or in the error and the traceback of a refusal."""
    secret = {"BUILDKITE_WEBHOOK_TOKEN": "hunter2", "DATABASE_URL": "postgresql+asyncpg://bot:hunter2@db/k"}
    secret["KITESTRING_SECRET_KEY"] = KEY
    settings = load_settings(HTTP | secret)
    wrong = {**HTTP, **secret, "SLACK_BOT_TOKEN": "hunter2", "DATABASE_URL": "mysql://bot:hunter2@db/k"}
    with pytest.raises(InvalidSettings) as caught:
        load_settings(wrong)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    refusal = repr(caught.value) + "".join(traceback.format_exception(caught.value))
    text = f"{settings!r} {settings} {settings.model_dump()} {refusal}"
    assert "hunter2" not in text
    assert KEY not in text
    assert all(value not in text for name, value in HTTP.items() if name != "BUILDKITE_ORGANIZATION_SLUG")
    assert "InvalidSettings" in text


def test_the_process_environment_does_not_leak_into_a_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An explicit mapping is all that counts: tests and the demo never see the machine's variables."""
    monkeypatch.setenv("PORT", "4000")
    assert load_settings(HTTP).port == 3000


def test_a_dot_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A `.env` file in the working directory counts unless the environment says otherwise."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / ".env").write_text(
        "".join(f"{k}={v}\n" for k, v in HTTP.items()) + "PORT=4000\nLOG_LEVEL=DEBUG\nOTHER=1\n"
    )
    monkeypatch.chdir(folder)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PORT", "5000")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (5000, "debug")


def test_every_variable_is_described() -> None:
    """The configuration table in the docs is made from the descriptions, so each variable has one."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    supported = [field for name, field in Settings.model_fields.items() if name.upper() not in UNSUPPORTED]
    assert all(find_expectation(field).form for field in supported)
