"""The peers that run offline, each through its own classes, set up as its documentation says.

They live in an environment of their own (``peers.txt``), so all imports are late. A peer that is
not installed is named with the reason and left out.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from bench.guard.adapter import Peer, Pumped, Stream, presidio_whole, streamward
from bench.guard.batch import FLOOR, presidio
from bench.guard.planted import KINDS

__all__ = ["all_peers"]

_LANGCHAIN = {
    "email": "EMAIL_ADDRESS",
    "credit_card": "CREDIT_CARD",
    "ip": "IP_ADDRESS",
    "url": "URL",
}
_LOOKBACK = 128  # of each middleware; nothing public says it
_LITELLM = {
    "email": "EMAIL_ADDRESS",
    "us_phone": "PHONE_NUMBER",
    "credit_card": "CREDIT_CARD",
    "us_ssn": "US_SSN",
    "iban": "IBAN_CODE",
    "ipv4": "IP_ADDRESS",
    "ipv6": "IP_ADDRESS",
    "url": "URL",
}
_NEMO = """
models: []
rails:
  output:
    flows: [check personal data]
    streaming:
      enabled: true
      stream_first: {first}
"""
_NEMO_FLOW = """
define bot refuse to respond
  "I cannot say that."

define subflow check personal data
  $response = execute find_personal_data(text=$bot_message)
  if $response.is_blocked
    bot refuse to respond
    stop
"""


def all_peers() -> tuple[list[Peer], dict[str, str]]:
    """Return ourselves, Presidio and the peers that are installed; and why others are missing."""
    here = [streamward(version("streamward")), presidio_whole(version("presidio-analyzer"))]
    missing: dict[str, str] = {}
    makers: dict[str, Callable[[], Peer]] = {
        "langchain": _langchain,
        "litellm": _litellm,
        "sether": _sether,
        "nemo": lambda: _nemo("nemo", first=True),
        "nemo, check first": lambda: _nemo("nemo, check first", first=False),
    }
    for name, make in makers.items():
        try:
            here.append(make())
        except ImportError as error:
            missing[name] = str(error)
    return here, missing


class _LangChain:
    """The stream transformers of several middlewares in a row, as an agent chains them."""

    def __init__(self, transformers: list[Any]) -> None:
        self._chain = [make() for make in transformers]
        self._text: list[str] = []
        self._shown = ""

    def feed(self, piece: str) -> str:
        self._text.append(piece)
        delta: dict[str, str] = {"type": "text-delta", "text": piece}
        self._send({"event": "content-block-delta", "index": 0, "delta": delta})
        self._shown = (self._shown + delta["text"])[-40:]
        return delta["text"]

    def finish(self) -> str:
        """Return the end of the finished block, behind what the deltas have shown."""
        content: dict[str, str] = {"type": "text", "text": "".join(self._text)}
        self._send({"event": "content-block-finish", "index": 0, "content": content})
        whole = content["text"]
        if not self._shown:
            return whole
        expected = len(whole) - _LOOKBACK * len(self._chain)
        ends = [at for at in range(len(whole) + 1) if whole.endswith(self._shown, 0, at)]
        return whole[min(ends, key=lambda at: abs(at - expected), default=expected) :]

    def _send(self, payload: dict[str, Any]) -> None:
        event = {"method": "messages", "params": {"data": (payload, {"run_id": "run"})}}
        for transformer in self._chain:
            transformer.process(event)


def _langchain() -> Peer:
    middleware = import_module("langchain.agents.middleware").PIIMiddleware
    transformers = [
        middleware(kind, apply_to_output=True, apply_to_input=False).transformers[0]
        for kind in _LANGCHAIN
    ]
    how = f"one PIIMiddleware(kind, apply_to_output=True) for each of {', '.join(_LANGCHAIN)}"
    kinds = frozenset(_LANGCHAIN.values())
    return Peer("langchain", version("langchain"), kinds, lambda: _LangChain(transformers), how)


def _litellm() -> Peer:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks the network, three times
    hooks = "litellm.proxy.guardrails.guardrail_hooks.litellm_content_filter.content_filter"
    guard = import_module(hooks).ContentFilterGuardrail
    settings = import_module("litellm.types.guardrails")
    pattern, mask = settings.ContentFilterPattern, settings.ContentFilterAction.MASK
    filters = guard(
        guardrail_name="pii",
        patterns=[
            pattern(pattern_type="prebuilt", pattern_name=name, action=mask) for name in _LITELLM
        ],
        event_hook=settings.GuardrailEventHooks.post_call,
    )
    types = import_module("litellm.types.utils")

    def chunk(text: str, reason: str | None = None) -> Any:
        choice = types.StreamingChoices(
            index=0, delta=types.Delta(content=text), finish_reason=reason
        )
        return types.ModelResponseStream(choices=[choice])

    def opened() -> Stream:
        one = chunk("")  # made once: a proxy has its chunks anyway

        def pack(piece: str | None) -> Any:
            if piece is None:
                return chunk("", "stop")
            one.choices[0].delta.content = piece
            return one

        def wrap(source: AsyncIterator[Any]) -> AsyncIterator[Any]:
            hook: Any = filters.async_post_call_streaming_iterator_hook
            guarded: AsyncIterator[Any] = hook(None, source, {"model": "m"})
            return guarded

        return Pumped(wrap, pack, lambda item: item.choices[0].delta.content or "")

    how = f"ContentFilterGuardrail, action MASK, patterns {', '.join(_LITELLM)}"
    return Peer("litellm", version("litellm"), frozenset(_LITELLM.values()), opened, how)


def _sether() -> Peer:
    package = import_module("sether")
    detectors = [one for one in package.basic_detectors if one.type != "PHONE"]
    detectors.append(package.create_phone_detector(default_country="US"))  # as our texts have them
    vault = package.MemoryVault()

    def opened() -> Stream:  # a fixed name in place of random digits, which could look like a leak
        stream: Stream = package.RedactStream(detectors, vault, uuid=lambda: "x")
        return stream

    kinds = frozenset(KINDS) - {"URL"}
    how = 'RedactStream with basic_detectors, telephone numbers with default_country="US"'
    return Peer("sether", version("sether"), kinds, opened, how)


def _nemo(name: str, *, first: bool) -> Peer:
    """Return a rail over NeMo's rolling buffer that asks Presidio, as its own rail does.

    Its own rail wants a spaCy model of 400 MB that cannot be had offline.
    """
    package = import_module("nemoguardrails")
    action = import_module("nemoguardrails.actions").action
    outcome = import_module("nemoguardrails.actions.rail_outcome").RailOutcome
    analyzer = presidio()

    async def find_personal_data(text: str, **_: Any) -> Any:
        found = analyzer.analyze(text, "en", entities=list(KINDS), score_threshold=FLOOR)
        return outcome.block() if found else outcome.allow()

    settings = _NEMO.format(first=str(first).lower())
    config = package.RailsConfig.from_content(colang_content=_NEMO_FLOW, yaml_content=settings)
    rails = package.LLMRails(config)
    rails.register_action(action(is_system_action=True)(find_personal_data), "find_personal_data")

    def wrap(source: AsyncIterator[Any]) -> AsyncIterator[Any]:
        asked = [{"role": "user", "content": "-"}]
        guarded: AsyncIterator[Any] = rails.stream_async(messages=asked, generator=source)
        return guarded

    def opened() -> Stream:
        return Pumped(wrap, lambda piece: piece, _nemo_text)

    how = f"LLMRails.stream_async over RollingBuffer (200 + 50 tokens), stream_first={first}"
    return Peer(name, version("nemoguardrails"), frozenset(KINDS), opened, how)


def _nemo_text(item: str) -> str:
    """Return a piece of text; the error that stands in place of a blocked rest is none."""
    return "" if item.startswith('{"error"') else item
