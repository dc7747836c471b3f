"""What the application may say about its own response, from inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .policy import Scope

__all__ = ["Controls", "opt_out"]

_EXTENSION = "streamward"


@dataclass(slots=True)
class Controls:
    """Switches of one exchange, reachable through the ASGI scope's extensions."""

    guard: bool = True
    record: bool = True
    touch: bool = True

    def attach(self, scope: Scope) -> Scope:
        """Return a copy of the scope that carries these switches to the application."""
        return {**scope, "extensions": {**_extensions(scope), _EXTENSION: self}}


def opt_out(request: Any, *, only: Literal["guards", "cache"] | None = None) -> None:
    """Take one response out, from inside the application and before it starts.

    Where no streamward stands in front, nothing happens.

    Args:
        request: a Starlette or FastAPI request, or the ASGI scope itself.
        only: ``"cache"`` keeps the answer out of the cache; ``"guards"`` lets it pass unguarded,
            and then it is not recorded either; None passes it by, untouched.
    """
    controls = _extensions(getattr(request, "scope", request)).get(_EXTENSION)
    if isinstance(controls, Controls):
        controls.record = False
        controls.guard = controls.guard and only == "cache"
        controls.touch = controls.touch and only is not None


def _extensions(scope: Scope) -> dict[str, Any]:
    return scope.get("extensions") or {}
