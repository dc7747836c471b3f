"""What the part offers is what its modules offer."""

from __future__ import annotations

import importlib

import streamward.cache

MODULES = ["canonical", "encryption", "follower", "key", "lease", "memory", "recording", "redis"]
MODULES += ["replay", "running", "signal", "store", "stored_form"]


def test_the_face_shows_every_public_name() -> None:
    names = [
        name
        for module in MODULES
        for name in importlib.import_module(f"streamward.cache.{module}").__all__
    ]

    assert sorted(names) == sorted(streamward.cache.__all__)
    assert all(hasattr(streamward.cache, name) for name in names)
