"""What a recording takes at rest, and what storing and reading it costs, by layout and compressor.

Three layouts, each before every compressor: ``frames`` is the recording as MessagePack,
``columns`` puts the times and lengths apart from the bytes of all frames, ``shared`` leaves out
what a frame has in common with the one before (the stored form). The answers are this project's
own pages, cut into tokens, in the frames that OpenAI and Anthropic send. With ``obfuscation``
OpenAI adds random characters to each frame, which nothing can compress.

Times are CPU time of one process, the least of several rounds. ``zstandard`` is measured where it
is installed.

    python -m bench.cache_size [--counts 100 500 2000] [--rounds 7] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import secrets
import string
import time
import zlib
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench.texts import tokens
from streamward.cache import Encryption, RecordedFrame, Recording, decode, encode
from streamward.cache.stored_form import shared_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGES = Path(__file__).parents[1] / "docs/explanation"
WAIT_MS = 18  # on average between two tokens
KEY = bytes(32)


def chunk(token: str, source: random.Random, *, obfuscated: bool, index: int = 0) -> bytes:
    """Return a frame of a chat completion as OpenAI sent them in 2025."""
    choice = {"index": index, "delta": {"content": token}, "logprobs": None, "finish_reason": None}
    said: dict[str, Any] = {
        "id": "chatcmpl-CeK2x8Fd3rQnXbZ0vWmYtH1uPz7aL",
        "object": "chat.completion.chunk",
        "created": 1_763_841_234,
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "system_fingerprint": "fp_cbf1785567",
        "choices": [choice],
    }
    if obfuscated:  # pads each frame to nearly the same length
        letters = source.choices(string.ascii_letters + string.digits, k=max(1, 15 - len(token)))
        said |= {"usage": None, "obfuscation": "".join(letters)}
    return b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"


def delta(token: str) -> bytes:
    """Return a frame of Anthropic's Messages."""
    said = {"type": "content_block_delta", "index": 0}
    text = {**said, "delta": {"type": "text_delta", "text": token}}
    return b"event: content_block_delta\ndata: " + json.dumps(text).encode() + b"\n\n"


def streams(count: int) -> dict[str, list[bytes]]:
    source = random.Random(1)
    text = "\n".join(page.read_text() for page in sorted(PAGES.glob("*.md")))
    said = tokens(text)[:count]
    assert len(said) == count
    return {
        "openai": [chunk(one, source, obfuscated=False) for one in said],
        "openai, obfuscated": [chunk(one, source, obfuscated=True) for one in said],
        "openai, two choices": [
            chunk(one, source, obfuscated=False, index=n % 2) for n, one in enumerate(said)
        ],
        "anthropic": [delta(one) for one in said],
    }


def recorded(frames: Iterable[bytes]) -> Recording:
    source, at, timed = random.Random(2), 0.0, list[RecordedFrame]()
    for frame in frames:
        timed.append(RecordedFrame(round(at), frame))
        at += source.expovariate(1 / WAIT_MS)
    headers = ((b"content-type", b"text/event-stream"),)
    return Recording(200, headers, tuple(timed), "openai-chat", 1.7e9)


def columns(recording: Recording) -> bytes:
    times = [0, *(frame.at_ms for frame in recording.frames)]
    waits = [late - early for early, late in pairwise(times)]
    lengths = [len(frame.data) for frame in recording.frames]
    return msgspec.msgpack.encode((recording.headers, waits, lengths, recording.body))


LAYOUTS: dict[str, Callable[[Recording], bytes]] = {
    "frames": msgspec.msgpack.encode,
    "columns": columns,
    "shared": shared_parts,
}


def compressors() -> dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]]:
    found: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
        f"zlib {level}": (partial(zlib.compress, level=level), zlib.decompress)
        for level in (1, 6, 9)
    }
    try:
        zstd: Any = importlib.import_module("zstandard")
    except ImportError:
        return found
    back: Any = zstd.ZstdDecompressor()
    for level in (3, 9, 19):
        found[f"zstd {level}"] = (zstd.ZstdCompressor(level=level).compress, back.decompress)
    return found


def costs(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least CPU time of each in some rounds, in µs. In turn: the machine is shared."""
    # zstd 19 takes megabytes and leaves the processor's caches cold: it goes last.
    best = dict.fromkeys(sorted(works, key=lambda name: name.endswith("19")), float("inf"))
    for _ in range(rounds):
        for name in best:
            start = time.process_time_ns()
            works[name]()
            best[name] = min(best[name], (time.process_time_ns() - start) / 1_000)
    return best


def measure(recording: Recording, rounds: int) -> dict[str, dict[str, float]]:
    """Return the rows: layouts with compressors, then what is used, alone and sealed."""
    count, raw = len(recording.frames), len(recording.body)
    works: dict[str, Callable[[], object]] = {}
    sizes: dict[str, int] = {}
    for layout, lay in LAYOUTS.items():
        plain = lay(recording)
        works[layout] = partial(lay, recording)
        for name, (compress, expand) in compressors().items():
            small = compress(plain)
            sizes[f"{layout}, {name}"] = len(small)
            works[f"{layout}, {name}"] = partial(compress, plain)
            works[f"{layout}, {name}, back"] = partial(expand, small)
    encryption = Encryption([secrets.token_bytes(32)])
    new = encode(recording)
    sealed = encryption.seal(KEY, new)
    assert decode(encryption.open(KEY, sealed)) == recording
    took = costs(
        works
        | {
            "store": partial(encode, recording),
            "read": lambda: tuple(decode(new).frames),
            "seal": partial(encryption.seal, KEY, new),
            "open": partial(encryption.open, KEY, sealed),
        },
        rounds,
    )
    rows = {
        name: {
            "percent": size / raw * 100,
            "store_us": (took[name.partition(",")[0]] + took[name]) / count,
            "expand_us": took[f"{name}, back"] / count,
        }
        for name, size in sizes.items()
    }
    rows["stored form"] = {
        "percent": len(new) / raw * 100,
        "store_us": took["store"] / count,
        "read_us": took["read"] / count,
    }
    rows["sealed"] = {
        "percent": len(sealed) / raw * 100,
        "seal_us_in_all": took["seal"],
        "open_us_in_all": took["open"],
    }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 500, 2_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    for count in arguments.counts:
        for name, frames in streams(count).items():
            recording = recorded(frames)
            rows = measure(recording, arguments.rounds)
            result[f"{name}, {count}"] = {"raw": len(recording.body), "rows": rows}
            print(f"\n{name}, {count} tokens, {len(recording.body)} bytes raw")
            for row, figures in rows.items():
                told = "  ".join(f"{key} {value:7.2f}" for key, value in figures.items())
                print(f"  {row:20} {told}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
