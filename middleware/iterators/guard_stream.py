"""``guard_stream``: the guards around any iterator."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar, overload

from ...guardrails import Channels, Guard
from ...wire import Dialect
from ...wire.errors import ConfigurationError
from ..policy import Limits, checked_dialects, checked_guards
from ..report import ReportHook, log_report
from .guarded import AsyncGuardedStream, GuardedStream
from .items import framing_for, items_like
from .passage import Passage, Rules, limited

__all__ = ["guard_stream"]

Item = TypeVar("Item")
Mode = Literal["enforce", "monitor"]


@overload
def guard_stream(
    source: AsyncIterable[Item],
    *,
    guards: Iterable[Guard],
    mode: Mode = ...,
    channels: Channels | None = ...,
    limits: Limits | None = ...,
    dialects: Iterable[Dialect] = ...,
    content_type: str | None = ...,
    name: str = ...,
    on_report: ReportHook = ...,
) -> AsyncGuardedStream[Item]: ...


@overload
def guard_stream(
    source: Iterable[Item],
    *,
    guards: Iterable[Guard],
    mode: Mode = ...,
    channels: Channels | None = ...,
    limits: Limits | None = ...,
    dialects: Iterable[Dialect] = ...,
    content_type: str | None = ...,
    name: str = ...,
    on_report: ReportHook = ...,
) -> GuardedStream[Item]: ...


def guard_stream(
    source: Any,
    *,
    guards: Iterable[Guard],
    mode: Mode = "enforce",
    channels: Channels | None = None,
    limits: Limits | None = None,
    dialects: Iterable[Dialect] = (),
    content_type: str | None = None,
    name: str = "guard_stream",
    on_report: ReportHook = log_report,
) -> GuardedStream[Any] | AsyncGuardedStream[Any]:
    """Guard a stream that comes out of an iterator, where there is no web framework.

    The items are bytes, text, or objects: models of pydantic 2 (as the SDKs of OpenAI, Anthropic,
    Google and Ollama yield), dictionaries, dataclasses. What comes out is of the same sort: bytes
    and text in pieces of their own, objects one for one. An object in which something is found
    leaves as a copy of the same type; others leave as they are.

    Args:
        source: the iterator; an asynchronous one stays asynchronous.
        guards: what looks at the text, such as ``[PII()]``.
        mode: ``"enforce"`` lets nothing leave undecided; ``"monitor"`` never delays and never
            edits, and the report says what was found.
        channels: what guards may do to each sort of channel; None: what ``Channels()`` says.
        limits: the size of the buffers ``frame`` and ``held``; None: what ``Limits()`` says.
        dialects: of your own, such as ``Description(…).dialect()``; they are asked before the
            built-in ones.
        content_type: how bytes and text are cut: ``"text/event-stream"``,
            ``"application/x-ndjson"`` or ``"text/plain"``; None: as SSE if they begin like SSE,
            else as plain text.
        name: what the report calls this stream, as its ``route``.
        on_report: gets the report. Default: one structlog event.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """
    if mode not in ("enforce", "monitor"):
        raise ConfigurationError("guard_stream(mode=...) is 'enforce' or 'monitor'")
    rules = Rules(
        guards=[limited(guard) for guard in checked_guards(guards)],
        monitor=mode == "monitor",
        channels=channels or Channels(),
        limits=limits or Limits(),
        dialects=checked_dialects(dialects),
        items=partial(items_like, framing=framing_for(content_type)),
        name=name,
        on_report=on_report,
    )
    given: Any = source
    if isinstance(source, AsyncIterable):
        return AsyncGuardedStream[Any](given, Passage(rules))
    whole = isinstance(source, str | bytes | bytearray | memoryview | Mapping)
    if whole or not isinstance(source, Iterable):
        raise ConfigurationError(
            "guard_stream(...) takes an iterator, such as a generator or an SDK's stream"
        )
    return GuardedStream[Any](given, Passage(rules))
