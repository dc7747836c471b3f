"""Toxic language, found sentence by sentence: with a Detoxify model, or with a light word screen.

Read :mod:`.guard` first (what a user configures), then :mod:`.scanner` (one run of text),
:mod:`.windows` (where it is cut), :mod:`.engine` (who batches the windows of all streams) and
:mod:`.checkpoint` (Detoxify itself). :mod:`.screen` and :mod:`.wording` need none of these.
"""

from __future__ import annotations

from .guard import Toxicity
from .screen import ToxicityScreen
from .settings import Batch

__all__ = ["Batch", "Toxicity", "ToxicityScreen"]
