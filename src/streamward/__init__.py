"""streamward: streaming LLM answers made safe, replayable and unbreakable."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
