"""One worker process of a crowd: ``python -m support.crowd_worker URL SIDE_FILE COUNT FRAMES LEASE``.

Asks its own door the same question many times at once. Every call of the application adds a line
to the side file, so that what is counted does not stand in the Redis under test. Each answer is
printed as one line of JSON, and the number of frames that the application has sent after each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from streamward import Streamward
from streamward.cache import RedisCache

from .asgi import ask, scope_of
from .streams import chat

__all__ = ["SECRET", "frames_of"]

SECRET = bytes(range(32))
_PAUSE = 0.02


def frames_of(generation: str, count: int) -> list[bytes]:
    """Return an answer in which every frame names its generation."""
    return chat([f"{generation}-{number} " for number in range(count)])


class _Application:
    def __init__(self, side: str, count: int) -> None:
        self._side = side
        self._count = count

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with open(self._side, "a", encoding="ascii") as side:  # noqa: ASYNC230
            side.write(f"{os.getpid()}\n")
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, frame in enumerate(frames_of(str(os.getpid()), self._count)):
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            print(json.dumps({"sent": number}), flush=True)
            await asyncio.sleep(_PAUSE)
        await send({"type": "http.response.body", "body": b""})


async def _main(url: str, side: str, count: int, frames: int, lease: float) -> None:
    store = RedisCache(url, secret=SECRET, timeout=30.0, write_timeout=30.0, lease=lease)
    door = Streamward(_Application(side, frames), cache=store, on_report=lambda _: None)
    print(json.dumps({"ready": True}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    scopes = (scope_of(headers={"authorization": "Bearer alice"}) for _ in range(count))
    for answer in await asyncio.gather(*(ask(door, scope) for scope in scopes)):
        told = {"body": answer.body.decode(), "ended": answer.ended}
        print(json.dumps({**told, "raised": type(answer.raised).__name__}), flush=True)
    await store.close()


if __name__ == "__main__":
    _, where, side_file, *numbers = sys.argv
    asyncio.run(_main(where, side_file, int(numbers[0]), int(numbers[1]), float(numbers[2])))
