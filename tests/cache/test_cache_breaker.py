"""After a failure, one trial per pause."""

from __future__ import annotations

from streamward.cache.breaker import Breaker, beside_requests


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


def test_what_no_request_waits_for_is_tried_sooner() -> None:
    clock = Clock()
    breaker = Breaker(60.0, clock=clock)
    breaker.failed()

    with beside_requests():
        assert not breaker.admits()
        clock.now = 0.5
        assert [breaker.admits() for _ in range(3)] == [True, False, False]
        clock.now = 1.0
        assert breaker.admits()
    clock.now = 59.0
    assert not breaker.admits()
    with beside_requests():
        assert breaker.admits()
    breaker.succeeded()

    assert breaker.admits()
