"""After a failure, one trial per pause."""

from __future__ import annotations

from streamward.cache.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_trial_per_pause() -> None:
    clock = Clock()
    breaker = Breaker(5.0, clock=clock)
    assert all(breaker.admits() for _ in range(3))

    breaker.failed()
    assert not breaker.admits()

    clock.now = 4.99
    assert not breaker.admits()

    clock.now = 5.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]

    clock.now = 10.0  # the trial was never heard of again
    assert breaker.admits()

    breaker.succeeded()
    assert all(breaker.admits() for _ in range(3))
