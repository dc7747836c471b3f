"""``streamward demo``: a scripted model, and a guarded FastAPI app in front of it.

Read :mod:`.app` first: it is what a user writes. :mod:`.model` speaks the OpenAI chat wire over
real HTTP, :mod:`.scenes` is what it says, :mod:`.servers` runs both on one event loop.

The modules need the extra ``demo``; importing this package needs nothing.
"""
