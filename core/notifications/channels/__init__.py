"""The ways to people: mail, text messages, and the inbox of the platform."""

from collections.abc import Iterable, Mapping
from typing import Final

from core.notifications.channels.email import EmailChannel
from core.notifications.channels.inbox import InboxChannel
from core.notifications.channels.port import Channel
from core.notifications.channels.sms import SmsChannel
from core.notifications.errors import ChannelUnknown

CHANNELS: Final[Mapping[str, Channel]] = {
    channel.name: channel for channel in (EmailChannel(), SmsChannel(), InboxChannel())
}


def channel(name: str) -> Channel:
    """The channel of that name.

    Raises:
        ChannelUnknown: There is none.
    """
    found = CHANNELS.get(name)
    if found is None:
        raise ChannelUnknown(details={"channel": name})
    return found


def by_names(names: Iterable[str]) -> list[Channel]:
    """The channels of these names, each once.

    Raises:
        ChannelUnknown: There is none of a name.
    """
    return [channel(name) for name in dict.fromkeys(names)]


__all__ = ["CHANNELS", "Channel", "by_names", "channel"]
