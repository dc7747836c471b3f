"""A stock nginx in front: without streamward it holds the stream, with one line it does not."""

from __future__ import annotations

import httpx
import pytest
from support.nginx import bare
from support.servers import running
from support.streams import ScriptedApp, chat

from streamward import Streamward

FRAMES = chat(["one ", "two ", "three ", "four ", "five ", "six "])
SCRIPT = [item for frame in FRAMES for item in (frame, 0.1)]


def arrivals(url: str) -> list[bytes]:
    """Return what arrives, piece by piece."""
    with httpx.stream("GET", url, timeout=10) as response:
        return list(response.iter_raw())


@pytest.mark.parametrize("guarded", [True, False], ids=["streamward", "bare"])
def test_a_stock_nginx_passes_every_frame_at_once_only_with_the_line(guarded, tmp_path):
    app = ScriptedApp(SCRIPT)
    door = Streamward(app) if guarded else app
    # Debian's nginx with `proxy_pass` and nothing else: HTTP/1.0 upstream, buffering on.
    with running(door, "h11") as upstream, bare(tmp_path, upstream) as nginx:
        pieces = arrivals(nginx.plain)

    assert b"".join(pieces) == b"".join(FRAMES)
    # Frames leave 0.1 s apart: a proxy that passes them on delivers nearly as many pieces.
    assert len(pieces) >= len(FRAMES) - 2 if guarded else len(pieces) <= 2
