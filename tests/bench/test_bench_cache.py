"""The committed comparison of stores is whole, and holds to what does not depend on the machine."""

from __future__ import annotations

import json
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "bench/results/cache.json"
OTHERS = {"litellm", "assistant-stream", "resumable-stream", "nginx", "varnish"}


def test_one_generation_little_room_and_followers_are_told():
    result = json.loads(RESULTS.read_text())
    peers = result["peers"]["found"]
    raw = result["following"]["bytes_per_1000_tokens"]["raw"]

    assert peers.keys() | result["peers"]["missing"].keys() == {"nothing", "streamward", *OTHERS}
    assert peers["nothing"]["calls_for_10"] == 10
    assert peers["streamward"]["calls_for_10"] == 1
    assert peers["streamward"]["killed"]["gets"] == "an error frame"
    assert peers["streamward"]["bytes_per_1000_tokens"] < raw / 20
    assert result["black_hole"].keys() >= {"timeout_ms", "first_ms", "later_added_ms_p50"}
