"""Judges what an API token leaves of its owner's rights, apart from the rules of the policy. Pure."""

from __future__ import annotations

from bot.access.policy.policy_wording import describe_target, format_globs
from bot.access.policy.rules import Refuse, Target, matches_any
from bot.operations.operation import Effect, Operation, Permission
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.types import Actor, Standing, TokenLimits

TOKEN_RULE = "api token"  # noqa: S105  (the name of a rule)
"""The rule behind refusals that come from an API token rather than from the policy."""


def is_within_limits(actor: Actor, permission: Permission, target: Target | None) -> bool:
    """Return whether the actor's API token leaves this permission on the target; None is any target.

    Without a token there are no limits, and `help` is always left.
    """
    limits = actor.limits
    if limits is None or permission is Permission.HELP:
        return True
    has_permission = limits.permissions is None or permission in limits.permissions
    return has_permission and (target is None or matches_any(limits.pipelines or None, target.pipeline))


def find_token_refusal(actor: Actor, op: Operation, target: Target | None) -> Refuse | None:
    """Return the refusal if the actor's API token doesn't reach as far; None for a target is any.

    The policy gives `read` for a channel's settings and people's subscriptions, too. Who gives a token chosen
    permissions means by `read` that it only reads; and a service has no messages to subscribe to.
    """
    limits = actor.limits
    if limits is None:
        return None
    if not op.token_callable:
        return refuse_uncallable(op)
    changes_settings = op.needs is Permission.READ and op.effect is not Effect.READS
    if changes_settings and (limits.permissions is not None or actor.standing is Standing.SERVICE):
        return _refuse_settings(limits, op)
    if is_within_limits(actor, op.needs, target):
        return None
    return _refuse_beyond_limits(limits, op, target)


def refuse_uncallable(op: Operation) -> Refuse:
    """Refuse what no API token can call, whatever it carries."""
    message = md("`{op}` is for people only: no API token can call it.", op=op.name)
    return Refuse(TOKEN_RULE, message, "Run it in Slack.")


def _refuse_settings(limits: TokenLimits, op: Operation) -> Refuse:
    """Refuse to change settings and subscriptions with a token that was given less than everything."""
    message = md("`{op}` changes settings, and the API token {name} may not.", op=op.name, name=code(limits.name))
    return Refuse(TOKEN_RULE, message, "That takes a person's token with all of their permissions.")


def _refuse_beyond_limits(limits: TokenLimits, op: Operation, target: Target | None) -> Refuse:
    """Refuse what a token wasn't given: a permission, or a pipeline."""
    name = code(limits.name)
    if limits.permissions is not None and op.needs not in limits.permissions:
        message = md("The API token {name} lacks the permission `{needs}`.", name=name, needs=op.needs)
        return Refuse(TOKEN_RULE, message, md("`{op}` needs it. Create a token that has it.", op=op.name))
    where = describe_target(target or Target()) or Mrkdwn(" without a pipeline")
    message = md("The API token {name} doesn't allow `{op}`{where}.", name=name, op=op.name, where=where)
    return Refuse(
        TOKEN_RULE, message, md("It is limited to {pipelines}.", pipelines=format_globs(limits.pipelines))
    )
