"""Rules about how answers end: breaks that nobody sees, and ends that come too early."""

from __future__ import annotations

from ..advice import known_limit
from ..exchange import Case, Exchange, Stage
from ..finding import Found
from .holding import principal

__all__ = ["crash_hidden", "cut", "http10_client", "idle_timeout", "no_chunks", "no_terminal"]


def crash_hidden(case: Case) -> Found | None:
    """Whether a broken answer ends as if it were whole, and no version of HTTP explains it."""
    death = case.through.get("death")
    if not _hidden(death) or death is None:
        return None
    if (death.seen is not None and death.seen.http == "1.0") or death.transfer == "close":
        return None
    return Found(("the application broke in mid-answer, and the transfer ended properly",))


def http10_client(case: Case) -> Found | None:
    """Whether the outermost hop answers with HTTP/1.0."""
    if principal(case).http != "HTTP/1.0":
        return None
    return Found(("the answer came as HTTP/1.0",))


def no_chunks(case: Case) -> Found | None:
    """Whether the body ends with the connection, although HTTP/1.1 has a better way."""
    main = principal(case)
    if main.http != "HTTP/1.1" or main.transfer != "close":
        return None
    evidence = ["the answer is HTTP/1.1 and has neither chunks nor a length"]
    if _hidden(case.through.get("death")):
        return Found((*evidence, "a crash in mid-answer looked like a proper end"))
    return Found(tuple(evidence), "risk")


def idle_timeout(case: Case) -> Found | None:
    """Whether somebody ends an answer that is silent for a while."""
    quiet = case.through.get("silence")
    if quiet is None or quiet.trouble is not None or len(quiet.frames) != 1:
        return None
    if quiet.end == "clean" and quiet.ending != "missing":
        return None
    after = quiet.total - quiet.frames[0].at
    how = "broke off" if quiet.end == "cut" else "ended"
    said = f"the answer {how} after {after:.1f} s of silence, of {case.silence:g} s"
    return Found(_with_limit(said, after))


def cut(case: Case) -> Found | None:
    """Whether an answer breaks off that nobody let break."""
    for exchange in _ordinary(case):
        if exchange.end == "cut":
            said = f"the transfer broke off after {_length(exchange)}"
            return Found(_with_limit(said, exchange.total, _last_silence(exchange)))
        if exchange.end == "gave_up":
            return Found((f"nothing came any more after {_length(exchange)}",))
    return None


def no_terminal(case: Case) -> Found | None:
    """Whether an answer ends properly for HTTP, and not as its dialect says."""
    for exchange in _ordinary(case):
        if exchange.end == "clean" and exchange.ending == "missing":
            name = exchange.dialect or "its dialect"
            said = f"the transfer ended properly after {_length(exchange)}"
            limits = _with_limit(said, exchange.total, _last_silence(exchange))
            return Found((*limits, f"the terminal frame of {name} did not come"))
    return None


def _hidden(death: Exchange | None) -> bool:
    return (
        death is not None
        and death.trouble is None
        and death.end == "clean"
        and death.ending == "missing"
    )


def _ordinary(case: Case) -> list[Exchange]:
    names: tuple[Stage, ...] = ("first", "again", "once", "bare", "guarded", "large")
    found = [case.through.get(name) for name in names]
    return [one for one in found if one is not None and one.trouble is None]


def _last_silence(exchange: Exchange) -> float:
    return exchange.total - exchange.frames[-1].at if exchange.frames else exchange.total


def _with_limit(said: str, *seconds: float) -> tuple[str, ...]:
    limits = dict.fromkeys(limit for one in seconds if (limit := known_limit(one)))
    return (said, *limits)


def _length(exchange: Exchange) -> str:
    return f"{exchange.total:.1f} s and {len(exchange.frames)} frames"
