"""What the application may say about its own response, from inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .policy import Scope

__all__ = ["CONTROLS", "Controls", "controls_in", "opt_out"]

_EXTENSION = "streamward"

# Where they are in the environ of a WSGI application.
CONTROLS = "streamward.controls"


@dataclass(slots=True)
class Controls:
    """Switches of one exchange, reachable through the ASGI scope's extensions, or the environ.

    Attributes:
        guard: False lets the answer pass unguarded.
        record: False keeps it out of the cache.
        touch: False passes it by.
        stay: True where the policy may want the answer although its client has left.
    """

    guard: bool = True
    record: bool = True
    touch: bool = True
    stay: bool = False

    def attach(self, scope: Scope) -> Scope:
        """Return a copy of the scope that carries these switches to the application."""
        return {**scope, "extensions": {**_extensions(scope), _EXTENSION: self}}


def opt_out(request: Any, *, only: Literal["guards", "cache"] | None = None) -> None:
    """Take one response out, from inside the application and before it starts.

    Where no streamward stands in front, nothing happens.

    Args:
        request: a Starlette, FastAPI, Flask or Django request, or the ASGI scope or WSGI environ
            itself.
        only: ``"cache"`` keeps the answer out of the cache; ``"guards"`` lets it pass unguarded,
            and then it is not recorded either; None passes it by, untouched.
    """
    place = getattr(request, "scope", None) or getattr(request, "environ", request)
    controls = place.get(CONTROLS) or controls_in(place)
    if isinstance(controls, Controls):
        controls.record = False
        controls.guard = controls.guard and only == "cache"
        controls.touch = controls.touch and only is not None


def controls_in(scope: Scope) -> Controls | None:
    """Return the switches that an ASGI scope carries."""
    found: Controls | None = _extensions(scope).get(_EXTENSION)
    return found


def _extensions(scope: Scope) -> dict[str, Any]:
    return scope.get("extensions") or {}
