"""What the demo prints."""

from __future__ import annotations

import json
import shlex

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from .. import Report
from .scenes import SCENES

__all__ = ["curl_line", "greet", "report_line"]

_COLOURS = {"complete": "green", "client_left": "yellow", "failed": "red", "blocked": "red"}


def curl_line(url: str, prompt: str) -> str:
    """Return a command that asks the prompt and shows the stream as it comes."""
    messages = [{"role": "user", "content": prompt}]
    body = json.dumps({"model": "scripted-1", "stream": True, "messages": messages})
    target = f"{url}/v1/chat/completions"
    return f"curl -N {target} -H 'content-type: application/json' -d {shlex.quote(body)}"


def greet(console: Console, url: str) -> None:
    """Say where the demo is, how to ask it without a browser, and how to stop it."""
    heading = Text.assemble("Open  ", (url, f"bold cyan link {url}"))
    console.print()
    console.print(Panel.fit(heading, title="streamward demo", padding=(1, 3)))
    console.print("\nor ask from another terminal:\n")
    console.print(curl_line(url, SCENES[0].prompt), soft_wrap=True, highlight=False, markup=False)
    console.print("\n[dim]Stop with Ctrl-C. Each stream is reported below.[/dim]\n")


def report_line(report: Report) -> Text:
    """Return a report in one line."""
    line = Text()
    line.append(f"{report.outcome:<11} ", _COLOURS.get(report.outcome, ""))
    line.append(f"{report.tokens:>4} tokens  {report.duration:6.2f} s")
    if report.ttft is not None:
        line.append(f"  first after {report.ttft:.3f} s")
    line.append(f"  cache {report.cache}")
    if report.heartbeats:
        line.append(f"  {report.heartbeats} heartbeats")
    if report.code:
        line.append(f"  {report.code}", "red")
    found = sum(report.findings.values())
    if found:
        line.append(f"  {found} findings", "cyan")
    return line
