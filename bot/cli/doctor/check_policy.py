"""The policy file: whether it can be used, and whether what it names is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bot.access.policy.parse import WrongPolicy
from bot.access.policy.policy_file import load
from bot.access.policy.rules import Rules
from bot.buildkite.client import connect
from bot.cli.doctor import policy_lint
from bot.cli.doctor.check_slack import APPS, asking
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.wording import join_or
from bot.settings import Settings
from bot.slack.api_errors import SlackError
from bot.slack.people import standing
from bot.slack.types import Standing
from bot.slack.user_groups import members
from bot.slack.web_client import SlackClient

REINSTALL = f"Paste the output of `kitestring manifest` at {APPS} → App Manifest, then reinstall the app."
_NOTHING: Mapping[Standing, str] = {
    Standing.STRANGER: "is of another workspace",
    Standing.BOT: "is a bot",
    Standing.DEACTIVATED: "is deactivated",
}


async def policy(settings: Settings, clock: Clock) -> tuple[Finding, ...]:
    """What is wrong with the file, or what it names that is not there. Nothing is asked without a file."""
    if settings.kitestring_policy is None:
        return (Finding("Policy", None, "no file; the built-in rules hold."),)
    try:
        rules = load(Path(settings.kitestring_policy))
    except WrongPolicy as error:
        return (Finding("Policy", False, " ".join(error.problems), "See docs/policy.md."),)
    counted = (("grant", rules.grants), ("protection", rules.protects), ("freeze", rules.freezes))
    said = ", ".join(f"{len(found)} {noun}{'s' * (len(found) != 1)}" for noun, found in counted)
    return (Finding("Policy", True, f"{said}."), *await _named(rules, settings, clock))


async def _named(rules: Rules, settings: Settings, clock: Clock) -> tuple[Finding, ...]:
    async with asking(settings) as api:
        known, groups = await _groups(rules, api)
        absent, people = await _people(rules, api)
        channels = await _channels(rules, api)
    slugs, pipelines = await _pipelines(rules, settings, clock)
    return groups, people, channels, pipelines, _approvers(rules, known, absent, slugs)


async def _groups(rules: Rules, api: SlackClient) -> tuple[policy_lint.Members | None, Finding]:
    """https://docs.slack.dev/reference/methods/usergroups.list"""
    name, wanted = "Policy groups", policy_lint.groups(rules)
    if not wanted:
        return {}, Finding(name, None, "none is named.")
    try:
        known = members(await api.user_groups())
    except SlackError as problem:
        return None, _unread(name, problem, "usergroups:read", "no group gives anything")
    wrong = [f"{_in(group, rule)} is not known" for group, rule in wanted.items() if group not in known]
    wrong += [f"{_in(group, rule)} is empty" for group, rule in wanted.items() if known.get(group) == frozenset()]
    remedy = (
        "Make the user group at Slack and put people into it, or correct its name; it gives nothing until then."
    )
    return known, _found(name, wanted, wrong, remedy)


async def _people(rules: Rules, api: SlackClient) -> tuple[Collection[str], Finding]:
    """https://docs.slack.dev/reference/methods/users.info"""
    name, wanted = "Policy people", policy_lint.users(rules)
    if not wanted:
        return (), Finding(name, None, "nobody is named by id.")
    try:
        team = str((await api.whoami())["team_id"])
        found = {user: await _fault(user, team, api) for user in wanted}
    except SlackError as problem:
        return (), _unread(name, problem, "users:read", "nobody is known")
    wrong = {user: fault for user, fault in found.items() if fault}
    said = [f"{_in(user, wanted[user])} {fault}" for user, fault in wrong.items()]
    return wrong, _found(name, wanted, said, "Take them out, or correct the id; such an id gives nothing.")


async def _fault(user: str, team: str, api: SlackClient) -> str:
    try:
        return _NOTHING.get(standing(await api.user(user), team), "")
    except SlackError as problem:
        if problem.code != "user_not_found":
            raise
        return "is not known"


async def _channels(rules: Rules, api: SlackClient) -> Finding:
    """https://docs.slack.dev/reference/methods/conversations.info"""
    name, wanted = "Policy channels", policy_lint.channels(rules)
    if not wanted:
        return Finding(name, None, "none is named.")
    try:
        by_name = await api.channels_named(frozenset(item[1:] for item in wanted if item.startswith("#")))
        found = {item: await _channel(item, by_name, api) for item in wanted}
    except SlackError as problem:
        return _unread(name, problem, "channels:read and groups:read", "nothing is posted anywhere")
    wrong = [f"{_in(item, wanted[item])} {fault}" for item, fault in found.items() if fault]
    return _found(name, wanted, wrong, "Correct the id, or type `/invite @kitestring` in that channel.")


async def _channel(wanted: str, by_name: Mapping[str, dict[str, Any]], api: SlackClient) -> str:
    """What is wrong with one channel: a private one that the bot is not in is not known to it."""
    try:
        found = by_name.get(wanted[1:]) if wanted.startswith("#") else await api.channel(wanted)
    except SlackError as problem:
        if problem.code != "channel_not_found":
            raise
        found = None
    if found is None:
        return "is not known"
    if found.get("is_archived"):
        return "is archived"
    return "" if found.get("is_member") or found.get("is_im") else "does not have me in it"


async def _pipelines(rules: Rules, settings: Settings, clock: Clock) -> tuple[Collection[str] | None, Finding]:
    """https://buildkite.com/docs/apis/rest-api/pipelines#list-pipelines"""
    name = "Policy pipelines"
    try:
        async with connect(
            settings.buildkite_api_token.get_secret_value(),
            settings.buildkite_organization_slug,
            endpoint=settings.buildkite_rest_api_endpoint,
            clock=clock,
        ) as buildkite:
            slugs = [found.slug async for found in buildkite.pipelines() if found.archived_at is None]
    except KitestringError as error:
        return None, Finding(name, None, f"not checked: {error.message}")
    idle = [_in(glob, rule) for glob, rule in policy_lint.idle(rules, slugs)]
    if idle:
        said = f"nothing at Buildkite fits {join_or(idle)}."
        return slugs, Finding(name, False, said, "Correct the pattern, or take it out.")
    return slugs, Finding(name, True, f"every pattern fits one of the {len(slugs)} there are.")


def _approvers(
    rules: Rules, known: policy_lint.Members | None, absent: Collection[str], slugs: Collection[str] | None
) -> Finding:
    name = "Policy approvers"
    if not rules.protects:
        return Finding(name, None, "nothing is protected.")
    if known is None or slugs is None:
        return Finding(name, None, "not known without groups and pipelines.")
    lacking = [
        f"“{rule.name}”{f' on {slug}' if slug else ''} wants {rule.approvals}, and {there} can approve"
        for rule, there, slug in policy_lint.unapprovable(rules, known, absent, slugs)
    ]
    if lacking:
        remedy = "Name more approvers, or ask for fewer approvals: until then nothing protected by it can run."
        return Finding(name, False, f"{'; '.join(lacking)}.", remedy)
    return Finding(name, True, "every protection has enough of them.")


def _in(what: str, rule: str) -> str:
    return f"{what} (in “{rule}”)"


def _found(name: str, wanted: Collection[str], wrong: list[str], remedy: str) -> Finding:
    if wrong:
        return Finding(name, False, f"{'; '.join(wrong)}.", remedy)
    return Finding(name, True, f"whatever is named is there ({len(wanted)}).")


def _unread(name: str, problem: SlackError, scope: str, so: str) -> Finding:
    """Slack does not say: for good, when a scope is missing."""
    if problem.code == "missing_scope":
        return Finding(name, False, f"{scope} is not granted: {so}.", REINSTALL)
    return Finding(name, None, f"not checked: Slack answers {problem.code}.")
