"""npm ``eventsource-parser`` dispatches the events that the framer cuts, of everything there is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from support.javascript import made_of
from support.streams import ScriptedApp

sys.path.insert(0, str(Path(__file__).parent))

from test_event_stream_standard import CASES
from test_framers import SSE_CASES, frames
from wire_run import random_cuts
from wire_vectors import VECTORS

from streamward.wire import SSE

BODIES = [
    *(body for body, _ in CASES.values()),
    *(body for body, _ in SSE_CASES.values()),
    *(vector.body for vector in VECTORS if vector.framing is SSE),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Serve every body in chunks that are cut by chance."""
    apps = {
        f"parser/{number}": ScriptedApp(random_cuts(body, number))
        for number, body in enumerate(BODIES)
    }
    asked = made_of("eventsource_parser", apps, tmp_path_factory.mktemp("eventsource"))
    return [asked[name] for name in apps]


def test_they_agree_on_every_event(told: list[Any]) -> None:
    differing = [
        (body, one["dispatched"], ours)
        for body, one in zip(BODIES, told, strict=True)
        if one["dispatched"] != (ours := dispatched(body))
    ]

    assert differing == []


def dispatched(body: bytes) -> list[list[str]]:
    return [
        [frame.event, frame.data.decode("utf-8", "replace")]
        for frame in frames(SSE, [body])
        if frame.data is not None and frame.ended
    ]
