"""The interceptor of ``grpc.aio`` servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from fnmatch import translate
from inspect import isasyncgenfunction, iscoroutinefunction
from logging import getLogger
from re import Pattern
from re import compile as compile_pattern
from typing import Any, Literal

from ...guardrails import Channels, Guard
from ...wire.errors import ConfigurationError, StreamwardError, UpstreamFailedError
from ..iterators.passage import Passage, Rules, limited
from ..iterators.ways import Way
from ..policy import Limits, checked_guards
from ..report import ReportHook, log_report
from .call import Call
from .fields import Messages, TextFields
from .status import grpc, told

__all__ = ["GuardInterceptor"]


class GuardInterceptor:
    """Guards the answers of methods that stream, unary-stream and stream-stream.

    Text is joined over messages. A message in which something is found leaves as a copy with the
    text edited; others leave as they are. Where the stream has to end, the client gets a status, a
    sentence in its details, and the stable code in the trailing metadata as ``streamward-code``.

    Args:
        fields: where the text is, by method. ``"/chat.Chat/*"`` stands for all methods of a
            service; the first pattern that fits wins, and methods that none fits pass untouched.
            The value is a path such as ``"delta.text"``, or several. Elements of a repeated field
            are told apart by their place, or, with ``"choices[index].text"``, by a field of theirs.
        guards: what looks at the text, such as ``[PII()]``.
        mode: ``"enforce"`` lets nothing leave undecided; ``"monitor"`` never delays and never
            edits, and the report says what was found.
        limits: the size of the buffers ``frame`` and ``held``; None: what ``Limits()`` says.
        on_report: gets the report of every call, whose ``route`` is the method's full name.
            Default: one structlog event.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self,
        *,
        fields: Mapping[str, str | Iterable[str]],
        guards: Iterable[Guard],
        mode: Literal["enforce", "monitor"] = "enforce",
        limits: Limits | None = None,
        on_report: ReportHook = log_report,
    ) -> None:
        if mode not in ("enforce", "monitor"):
            raise ConfigurationError("GuardInterceptor(mode=...) is 'enforce' or 'monitor'")
        self._rows = [_row(pattern, paths) for pattern, paths in fields.items()]
        self._guards = [limited(guard) for guard in checked_guards(guards)]
        self._monitor = mode == "monitor"
        self._limits = limits or Limits()
        self._on_report = on_report

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        """Return the handler of a method, guarded if its answer is a stream with text."""
        handler = await continuation(handler_call_details)
        name: str = handler_call_details.method
        fields = next((fields for pattern, fields in self._rows if pattern.match(name)), None)
        if handler is None or fields is None or not handler.response_streaming:
            return handler
        rules = self._rules(name, fields)
        streams = handler.request_streaming
        method = handler.stream_stream if streams else handler.unary_stream
        make = (
            grpc.stream_stream_rpc_method_handler
            if streams
            else grpc.unary_stream_rpc_method_handler
        )
        return make(
            _guarded(method, rules), handler.request_deserializer, handler.response_serializer
        )

    def _rules(self, name: str, fields: TextFields) -> Rules:
        def items(first: object) -> Messages:
            del first
            return Messages(fields)

        return Rules(
            guards=self._guards,
            monitor=self._monitor,
            channels=Channels(),
            limits=self._limits,
            items=items,
            name=name,
            on_report=self._on_report,
            cancelled="client_left",
        )


def _row(pattern: str, paths: str | Iterable[str]) -> tuple[Pattern[str], TextFields]:
    if not pattern.startswith(("/", "*")):
        raise ConfigurationError(f"the method {pattern!r} must start with '/' or '*'")
    fields = TextFields([paths] if isinstance(paths, str) else paths)
    return compile_pattern(translate(pattern)), fields


def _guarded(method: Callable[[Any, Any], Any], rules: Rules) -> Callable[[Any, Any], Any]:
    """Return the method, guarded; one that grpc runs in a thread stays one."""

    async def guarded(request: Any, context: Any) -> None:
        await Call(method, context, Passage(rules)).run(request)

    def guarded_in_thread(request: Any, context: Any) -> Iterator[Any]:
        try:
            yield from Way[Any](method(request, context), Passage(rules)).run()
        except StreamwardError as error:
            _end_with(error, context)
        except grpc.aio.AbortError:
            raise
        except Exception:
            _end_with(UpstreamFailedError(), context)
            getLogger("grpc").exception("the method raised")  # where gRPC writes what others raise

    waits = isasyncgenfunction(method) or iscoroutinefunction(method)
    return guarded if waits else guarded_in_thread


def _end_with(error: StreamwardError, context: Any) -> None:
    """Say how the call ends, from a thread.

    ``abort`` would not wait for a message that is being sent. gRPC then sends no status, and the
    client waits for ever.
    """
    code, details = told(error, context)
    context.set_code(code)
    context.set_details(details)


# Not its subclass, since grpc has no types; servers ask whether it is one.
grpc.aio.ServerInterceptor.register(GuardInterceptor)
