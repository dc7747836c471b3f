"""Every error streamward raises. The tree is drawn in ``streamward.wire.errors``."""

from __future__ import annotations

from .wire.errors import *  # noqa: F403 - the same names, for people
from .wire.errors import __all__ as __all__  # noqa: PLC0414 - said again for type checkers
