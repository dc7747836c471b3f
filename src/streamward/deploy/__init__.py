"""The deployment kit: configurations of what stands in front of an application, and of its server.

The files themselves lie in ``deploy/`` of the repository, and as ``files/`` in the package. They
are no templates: each works as it is, for the example in :data:`EXAMPLE`. :func:`render` writes
them anew for another :class:`Site`, by exchanging the example's values.
"""

from __future__ import annotations

from .hops import HOPS, Hop, Verdict, budget
from .kits import KITS, Kit
from .render import render
from .site import EXAMPLE, Site

__all__ = ["EXAMPLE", "HOPS", "KITS", "Hop", "Kit", "Site", "Verdict", "budget", "render"]
