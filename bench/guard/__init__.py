"""What the guard against personal data costs, delays and lets through. ``python -m bench.guard``.

:mod:`.costs` measures ``PII`` alone, :mod:`.compare` beside the peers of :mod:`.peers`, on the
texts of :mod:`.planted`; :mod:`.leaks` says what counts as let through.
"""
