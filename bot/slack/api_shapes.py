"""Shapes of Slack's answers, as far as the bot relies on them. https://docs.slack.dev/reference/objects"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from bot.slack.api_errors import SlackError

T = TypeVar("T")


def parse_answer(answer: object, shape: type[T]) -> T:
    """Return an answer as a value of this shape; raise SlackError if it has another one."""
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise SlackError("uncertain", f"unexpected answer: {error}") from error


class BotIdentity(Struct, frozen=True):
    """The bot's own user and workspace. https://docs.slack.dev/reference/methods/auth.test"""

    team_id: str
    user_id: str
    bot_id: str = ""


class EnterpriseUser(Struct, frozen=True):
    """A person's workspaces in an Enterprise organization."""

    teams: tuple[str, ...] = ()


class ProfileDetails(Struct, frozen=True):
    """The part of a person's profile that people edit."""

    display_name: str | None = None
    email: str | None = None


class UserInfo(Struct, frozen=True):
    """A person or a bot. https://docs.slack.dev/reference/objects/user-object"""

    id: str
    name: str | None = None
    real_name: str | None = None
    team_id: str | None = None
    tz: str | None = None
    deleted: bool = False
    is_bot: bool = False
    is_workflow_bot: bool = False
    is_stranger: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_primary_owner: bool = False
    profile: ProfileDetails = ProfileDetails()
    enterprise_user: EnterpriseUser | None = None


class ChannelInfo(Struct, frozen=True):
    """A conversation. https://docs.slack.dev/reference/objects/conversation-object"""

    id: str
    name: str | None = None
    is_member: bool = False
    is_archived: bool = False
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_shared: bool = False
    is_org_shared: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False


class UserGroupInfo(Struct, frozen=True):
    """A user group with its members. https://docs.slack.dev/reference/objects/usergroup-object"""

    id: str
    handle: str
    users: tuple[str, ...] = ()
    date_delete: int | None = 0


class PageMetadata(Struct, frozen=True):
    next_cursor: str | None = None


class SentMessage(Struct, frozen=True):
    """The ID of a message that was just posted."""

    ts: str


class MarkPayload(Struct, frozen=True):
    """The payload of a message's metadata; other apps may keep anything under `id`."""

    id: object = None


class MessageMetadata(Struct, frozen=True):
    """Metadata of a message. https://docs.slack.dev/messaging/message-metadata"""

    event_type: str | None = None
    event_payload: MarkPayload | None = None


class PostedMessage(Struct, frozen=True):
    """A message in a conversation's history."""

    ts: str
    bot_id: str | None = None
    metadata: MessageMetadata | None = None


class HistoryAnswer(Struct, frozen=True):
    messages: tuple[PostedMessage, ...] = ()


class ViewInfo(Struct, frozen=True):
    """A view that was just opened."""

    id: str


class ViewAnswer(Struct, frozen=True):
    view: ViewInfo


class DirectAnswer(Struct, frozen=True):
    channel: ChannelInfo


class UserAnswer(Struct, frozen=True):
    user: UserInfo


class UserGroupsAnswer(Struct, frozen=True):
    usergroups: tuple[UserGroupInfo, ...]


class ChannelAnswer(Struct, frozen=True):
    channel: ChannelInfo


class ChannelsPage(Struct, frozen=True):
    channels: tuple[ChannelInfo, ...]
    response_metadata: PageMetadata | None = None


class MembersPage(Struct, frozen=True):
    members: tuple[str, ...]
    response_metadata: PageMetadata | None = None


class PermalinkAnswer(Struct, frozen=True):
    permalink: str


class UploadTarget(Struct, frozen=True):
    """The address to send a file's bytes to. https://docs.slack.dev/reference/methods/files.getUploadURLExternal"""

    upload_url: str
    file_id: str
