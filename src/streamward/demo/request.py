"""What a client may ask on the OpenAI chat wire, as far as the scripted model cares."""

from __future__ import annotations

import msgspec

__all__ = ["ChatRequest"]


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class ChatRequest(msgspec.Struct):
    """The body of a request; fields that are not named here are ignored."""

    messages: list[_Message]
    stream: bool = False
    stream_options: _StreamOptions | None = None

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        content = self.messages[-1].content if self.messages else None
        if isinstance(content, list):
            return "".join(part.text for part in content)
        return content or ""

    @property
    def usage(self) -> bool:
        """Whether the stream shall end with the usage figures."""
        return self.stream_options is not None and self.stream_options.include_usage
