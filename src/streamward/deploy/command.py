"""``streamward deploy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigurationError
from .hops import HOPS, Verdict, budget
from .kits import KITS
from .render import render
from .site import EXAMPLE, Site

__all__ = ["deploy"]

_SAYS = {
    "ok": "ok",
    "tight": "tight: a single late heartbeat cuts the stream",
    "silence": "CUTS a silent stream",
    "length": "CUTS the longest stream",
}


def deploy(  # noqa: PLR0913  # an option each
    kit: Annotated[str, typer.Argument(help=f"What for: {', '.join(KITS)}.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    host: Annotated[str, typer.Option(help="The name that clients ask for.")] = EXAMPLE.host,
    upstream: Annotated[
        list[str] | None,
        typer.Option(help=f"Where the app listens ({EXAMPLE.upstreams[0]}); repeat for more."),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(help=f"What streaming paths begin with ({EXAMPLE.paths[0]}); repeat."),
    ] = None,
    app: Annotated[str, typer.Option(help="The app as its server is told.")] = EXAMPLE.app,
    heartbeat: Annotated[int, typer.Option(help="Seconds, as in your Policy.")] = EXAMPLE.heartbeat,
    longest: Annotated[int, typer.Option(help="Seconds of the longest stream.")] = EXAMPLE.longest,
    variant: Annotated[
        list[str] | None, typer.Option(help="A variant of the kit, such as 1.22; repeat.")
    ] = None,
    behind: Annotated[
        list[str] | None,
        typer.Option(help=f"What stands further out: {', '.join(HOPS)}; repeat."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write tested configuration files for your site, and check its time-outs."""
    if kit not in KITS:
        raise ConfigurationError(f"there is no kit {kit!r}: take {', '.join(KITS)}")
    site = Site(
        host=host,
        upstreams=tuple(upstream or EXAMPLE.upstreams),
        paths=tuple(path or EXAMPLE.paths),
        app=app,
        heartbeat=heartbeat,
        longest=longest,
    )
    _check(site, behind or [])
    written = render(KITS[kit], site, variant or ())
    _write(out, written, force=force)
    typer.echo(f"then: {KITS[kit].then}")
    typer.echo(f"then: streamward doctor https://{site.host}{site.paths[0]}")


def _check(site: Site, behind: list[str]) -> None:
    """Say what known hops do to the site's streams; refuse when one that is there cuts them."""
    unknown = [name for name in behind if name not in HOPS]
    if unknown:
        raise ConfigurationError(f"no limits are known of {unknown[0]!r}: take {', '.join(HOPS)}")
    verdicts = budget(site, [HOPS[name] for name in behind] or HOPS.values())
    typer.echo(f"A heartbeat every {site.heartbeat} s, streams of up to {site.longest} s, behind:")
    for verdict in verdicts:
        typer.echo(_line(verdict))
    cut = [verdict for verdict in verdicts if verdict.cuts]
    if behind and cut:
        raise ConfigurationError(f"nothing written: {_remedy(site, cut[0])}")


def _line(verdict: Verdict) -> str:
    hop = verdict.hop
    limits = f"{_seconds(hop.idle):>6} idle {_seconds(hop.whole):>6} whole"
    return f"  {hop.name:16}{limits}   {_SAYS[verdict.outcome]}"


def _seconds(limit: int | None) -> str:
    return "-" if limit is None else f"{limit} s"


def _remedy(site: Site, verdict: Verdict) -> str:
    hop = verdict.hop
    setting = hop.setting.replace("`", "")
    if verdict.outcome == "silence" and hop.idle is not None:
        less = f"write --heartbeat {max(1, hop.idle // 2)}"
        cut = f"behind {hop.title} a silent stream is cut after {hop.idle} s"
        return f"{cut}: {less}, or change {setting}"
    cut = f"behind {hop.title} every stream is cut after {hop.whole} s"
    return f"{cut}, and --longest is {site.longest}: change {setting}"


def _write(folder: Path, texts: dict[str, str], *, force: bool) -> None:
    taken = [name for name in texts if (folder / name).exists()]
    if taken and not force:
        raise ConfigurationError(f"{folder / taken[0]} is there already: add --force to replace it")
    for name, text in texts.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {target}")
