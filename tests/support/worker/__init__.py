"""The Cloudflare Worker of the kit, in the runtime that Cloudflare runs it in."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from streamward.deploy import EXAMPLE, KITS, Site, render

from ..nginx import Nginx
from ..programs import node_packages, program

__all__ = ["Front", "bundled", "node", "serving", "settings", "tool", "written"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Front:
    """A running Worker, as :func:`support.asking.asking` has it; it speaks no TLS."""

    plain: str
    tls: str = ""
    trust: ssl.SSLContext = ssl.create_default_context()  # noqa: RUF009  # nobody changes it


def written(folder: Path, site: Site = EXAMPLE) -> Path:
    """Write the Worker of the kit for a site, with its npm packages; return its folder."""
    for name, text in render(KITS["cloudflare"], site).items():
        if name.startswith("worker/"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    for script in _HERE.glob("*.mjs"):
        shutil.copy(script, folder / "worker")
    (folder / "worker/node_modules").symlink_to(node_packages("worker"))
    return folder / "worker"


def tool(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the npm packages in the Worker's folder; it tells nobody, and asks nobody."""
    own = {"WRANGLER_SEND_METRICS": "false", "XDG_CONFIG_HOME": str(folder / ".config")}
    return subprocess.run(
        [f"node_modules/.bin/{name}", *arguments],
        cwd=folder,
        env={**os.environ, **own, "CI": "true", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def bundled(folder: Path) -> Path:
    """Write the Worker and make of it what wrangler would send; return its folder."""
    worker = written(folder)
    said = tool(worker, "wrangler", "deploy", "--dry-run", "--outdir", "dist")
    assert said.returncode == 0, said.stdout + said.stderr
    return worker


def settings(worker: Path) -> dict[str, Any]:
    """Return what ``wrangler.jsonc`` says; its comments have lines of their own."""
    lines = (worker / "wrangler.jsonc").read_text().splitlines()
    own: dict[str, Any] = json.loads(
        "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    )
    return own


@contextlib.contextmanager
def serving(worker: Path, *, nginx: Nginx | None = None, **changed: Any) -> Generator[Front]:
    """Run what :func:`bundled` made in workerd, with some of its ``vars`` changed.

    Args:
        nginx: the origin of the host that the kit names, whatever its address.
    """
    own = settings(worker)
    config = worker / f"{uuid4()}.capnp"
    config.write_text(_config(own, {**own["vars"], **changed}, nginx))
    workerd = os.environ.get("STREAMWARD_WORKERD") or "node_modules/workerd/bin/workerd"
    with subprocess.Popen(
        [workerd, "serve", config, "--control-fd=1"],
        cwd=worker,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            if not said:
                raise RuntimeError("the Worker did not start")
            yield Front(f"http://127.0.0.1:{json.loads(said)['port']}")
        finally:
            process.terminate()


def _config(own: Mapping[str, Any], values: Mapping[str, Any], nginx: Nginx | None) -> str:
    """Write the runtime's own configuration; a string of JSON is one of its language too."""
    bindings = ", ".join(
        f"(name = {_text(name)}, json = {_text(json.dumps(value))})"
        for name, value in values.items()
    )
    if nginx is None:
        origin = 'network = (allow = ["public", "private"])'
    else:  # the edge sends what is for the zone's own host to the zone's origin
        trusted = _text((nginx.folder / "ca.pem").read_text())
        https = f"certificateHost = {_text(EXAMPLE.host)}, tlsOptions = (trustedCertificates = [{trusted}])"
        origin = (
            f"external = (address = {_text(nginx.tls.removeprefix('https://'))}, https = ({https}))"
        )
    return f"""
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "dist/worker.js")],
      compatibilityDate = {_text(own["compatibility_date"])},
      bindings = [{bindings}],
      globalOutbound = "origin",
    )),
    (name = "origin", {origin}),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
"""


def _text(value: str) -> str:
    return json.dumps(value)


def node(worker: Path, script: str, given: Mapping[str, Any] | list[Any]) -> Any:
    """Run a script of this folder beside the Worker's sources; return the JSON that it prints."""
    said = subprocess.run(
        [program("node"), script],
        cwd=worker,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)
