"""Checks that the policy file is valid and that the people, channels and pipelines it names exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bot.access.policy.parse import InvalidPolicy
from bot.access.policy.policy_file import load_policy
from bot.access.policy.rules import Rules
from bot.app.clients import connect_buildkite, open_slack_clients
from bot.app.workspace import read_workspace
from bot.cli.doctor import policy_lint
from bot.cli.doctor.check_slack import APPS
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.wording import join_or
from bot.settings import Settings
from bot.slack.api_errors import SlackError
from bot.slack.api_shapes import ChannelInfo
from bot.slack.people import find_standing
from bot.slack.types import Standing
from bot.slack.user_groups import map_members
from bot.slack.web_client import SlackClient

REINSTALL_REMEDY = f"Paste the output of `kitestring manifest` at {APPS} → App Manifest, then reinstall the app."
_POWERLESS: Mapping[Standing, str] = {
    Standing.STRANGER: "belongs to another workspace",
    Standing.BOT: "is a bot",
    Standing.DEACTIVATED: "is deactivated",
}


async def check_policy(settings: Settings, clock: Clock) -> tuple[Finding, ...]:
    """Check the file and the names in it. Without a file nothing is requested."""
    if settings.kitestring_policy is None:
        return (Finding("Policy", None, "no file; the built-in rules apply."),)
    try:
        rules = load_policy(Path(settings.kitestring_policy))
    except InvalidPolicy as error:
        return (Finding("Policy", False, " ".join(error.problems), "See docs/policy.md."),)
    counted = (("grant", rules.grants), ("protection", rules.protections), ("freeze", rules.freezes))
    counts = ", ".join(
        f"{len(rules_of_kind)} {noun}{'s' * (len(rules_of_kind) != 1)}" for noun, rules_of_kind in counted
    )
    return (Finding("Policy", True, f"{counts}."), *await _check_names(rules, settings, clock))


async def _check_names(rules: Rules, settings: Settings, clock: Clock) -> tuple[Finding, ...]:
    async with open_slack_clients(read_workspace(settings).slack) as slack:
        members_by_group, groups = await _check_groups(rules, slack.api)
        absent, people = await _check_people(rules, slack.api)
        channels = await _check_channels(rules, slack.api)
    slugs, pipelines = await _check_pipelines(rules, settings, clock)
    return groups, people, channels, pipelines, _check_approvers(rules, members_by_group, absent, slugs)


async def _check_groups(rules: Rules, api: SlackClient) -> tuple[policy_lint.Members | None, Finding]:
    """https://docs.slack.dev/reference/methods/usergroups.list"""
    name, wanted = "Policy groups", policy_lint.find_groups(rules)
    if not wanted:
        return {}, Finding(name, None, "the policy names none.")
    try:
        members_by_group = map_members(await api.list_user_groups())
    except SlackError as problem:
        return None, _build_unknown(name, problem, "usergroups:read", "groups grant nothing")
    wrong = [
        f"{_render_name(group, rule)} wasn't found"
        for group, rule in wanted.items()
        if group not in members_by_group
    ]
    wrong += [
        f"{_render_name(group, rule)} is empty"
        for group, rule in wanted.items()
        if members_by_group.get(group) == frozenset()
    ]
    remedy = (
        "Create the user group in Slack and add people to it, or correct its name; until then it grants nothing."
    )
    return members_by_group, _build_finding(name, wanted, wrong, remedy)


async def _check_people(rules: Rules, api: SlackClient) -> tuple[Collection[str], Finding]:
    """https://docs.slack.dev/reference/methods/users.info"""
    name, wanted = "Policy people", policy_lint.find_users(rules)
    if not wanted:
        return (), Finding(name, None, "the policy names no one by id.")
    try:
        team = (await api.whoami()).team_id
        faults = {user: await _find_user_fault(user, team, api) for user in wanted}
    except SlackError as problem:
        return (), _build_unknown(name, problem, "users:read", "people can't be looked up")
    wrong = {user: fault for user, fault in faults.items() if fault}
    sentences = [f"{_render_name(user, wanted[user])} {fault}" for user, fault in wrong.items()]
    return wrong, _build_finding(
        name, wanted, sentences, "Remove them or correct their ids; until then they grant nothing."
    )


async def _find_user_fault(user: str, team: str, api: SlackClient) -> str:
    try:
        return _POWERLESS.get(find_standing(await api.read_user(user), team), "")
    except SlackError as problem:
        if problem.code != "user_not_found":
            raise
        return "wasn't found"


async def _check_channels(rules: Rules, api: SlackClient) -> Finding:
    """https://docs.slack.dev/reference/methods/conversations.info"""
    name, wanted = "Policy channels", policy_lint.find_channels(rules)
    if not wanted:
        return Finding(name, None, "the policy names none.")
    try:
        by_name = await api.find_channels(frozenset(channel[1:] for channel in wanted if channel.startswith("#")))
        faults = {channel: await _find_channel_fault(channel, by_name, api) for channel in wanted}
    except SlackError as problem:
        return _build_unknown(name, problem, "channels:read and groups:read", "channels can't be looked up")
    wrong = [f"{_render_name(channel, wanted[channel])} {fault}" for channel, fault in faults.items() if fault]
    return _build_finding(name, wanted, wrong, "Correct the id, or type `/invite @kitestring` in that channel.")


async def _find_channel_fault(wanted: str, by_name: Mapping[str, ChannelInfo], api: SlackClient) -> str:
    """Return what is wrong with a channel. Slack doesn't show the bot private channels that it isn't in."""
    try:
        found = by_name.get(wanted[1:]) if wanted.startswith("#") else await api.read_channel(wanted)
    except SlackError as problem:
        if problem.code != "channel_not_found":
            raise
        found = None
    if found is None:
        return "wasn't found"
    if found.is_archived:
        return "is archived"
    return "" if found.is_member or found.is_im else "doesn't have me as a member"


async def _check_pipelines(
    rules: Rules, settings: Settings, clock: Clock
) -> tuple[Collection[str] | None, Finding]:
    """https://buildkite.com/docs/apis/rest-api/pipelines#list-pipelines"""
    name = "Policy pipelines"
    try:
        async with connect_buildkite(read_workspace(settings).organization, clock) as buildkite:
            slugs = [pipeline.slug async for pipeline in buildkite.pipelines() if pipeline.archived_at is None]
    except KitestringError as error:
        return None, Finding(name, None, f"not checked: {error.message}")
    unmatched = [_render_name(glob, rule) for glob, rule in policy_lint.find_unmatched_patterns(rules, slugs)]
    if unmatched:
        sentence = f"no pipeline in Buildkite matches {join_or(unmatched)}."
        return slugs, Finding(name, False, sentence, "Correct or remove the pattern.")
    return slugs, Finding(name, True, f"every pattern matches one of the {len(slugs)} pipelines.")


def _check_approvers(
    rules: Rules, members: policy_lint.Members | None, absent: Collection[str], slugs: Collection[str] | None
) -> Finding:
    name = "Policy approvers"
    if not rules.protections:
        return Finding(name, None, "no pipeline is protected.")
    if members is None or slugs is None:
        return Finding(name, None, "unknown without groups and pipelines.")
    lacking = [
        f"“{rule.name}”{f' on {slug}' if slug else ''} needs {rule.approvals}, but {count} can approve"
        for rule, count, slug in policy_lint.find_unapprovable(rules, members, absent, slugs)
    ]
    if lacking:
        remedy = "Name more approvers or require fewer approvals; until then nothing it protects can run."
        return Finding(name, False, f"{'; '.join(lacking)}.", remedy)
    return Finding(name, True, "every protection has enough approvers.")


def _render_name(name: str, rule: str) -> str:
    return f"{name} (in “{rule}”)"


def _build_finding(name: str, wanted: Collection[str], wrong: list[str], remedy: str) -> Finding:
    if wrong:
        return Finding(name, False, f"{'; '.join(wrong)}.", remedy)
    return Finding(name, True, f"all found ({len(wanted)}).")


def _build_unknown(name: str, problem: SlackError, scope: str, consequence: str) -> Finding:
    """Return the finding for a failed request; a missing scope is wrong, anything else is only unknown."""
    if problem.code == "missing_scope":
        return Finding(name, False, f"{scope} isn't granted, so {consequence}.", REINSTALL_REMEDY)
    return Finding(name, None, f"not checked: Slack answered {problem.code}.")
