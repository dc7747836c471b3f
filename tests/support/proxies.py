"""The proxies that have one shipped file: the real program on loopback, with that file."""

from __future__ import annotations

import contextlib
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streamward.deploy import EXAMPLE, KITS, Site, render

from .certificates import server_certificate
from .programs import program
from .servers import free_port, wait_for_port

__all__ = ["PROXIES", "Proxy", "Running", "proxied"]


@dataclass(frozen=True)
class Running:
    """A running proxy.

    Attributes:
        plain: its URL without TLS; nothing answers there but, where it is shipped, the way to TLS.
        tls: its URL with TLS, for clients that ask for ``EXAMPLE.host``.
        trust: what such a client trusts.
        folder: its files.
    """

    plain: str
    tls: str
    trust: ssl.SSLContext
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """How the tests run one.

    Attributes:
        name: of its kit.
        file: the one that is shipped.
        program: its name, or its path.
        checks: arguments that make it read ``{file}`` and end.
        runs: arguments that make it run with it, in the foreground.
        version: what prints its version, and its shape.
        moved: moves the text of the file to a folder and two ports of loopback.
    """

    name: str
    file: str
    program: str
    checks: Sequence[str]
    runs: Sequence[str]
    version: tuple[str, str]
    moved: Callable[[str, Path, int, int], str]

    def command(self, arguments: Sequence[str], folder: Path) -> list[str]:
        """Return a command line."""
        file = str(folder / self.file)
        return [program(self.program), *(one.format(file=file) for one in arguments)]

    def write(self, folder: Path, text: str, plain: int, tls: int) -> ssl.SSLContext:
        """Write its file, moved, and a certificate; return what a client trusts."""
        trust = server_certificate(folder, EXAMPLE.host)
        pair = (folder / "fullchain.pem").read_text() + (folder / "privkey.pem").read_text()
        (folder / "pair.pem").write_text(pair)
        (folder / self.file).write_text(self.moved(text, folder, plain, tls))
        return trust

    def check(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """Let it say what it thinks of the file that was written."""
        command = self.command(self.checks, folder)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment(folder)
        )

    def release(self) -> str:
        """Return the version of the program."""
        flag, shape = self.version
        said = subprocess.run(
            [program(self.program), flag], capture_output=True, text=True, check=True
        )
        found = re.search(shape, said.stdout)
        assert found, said.stdout
        return found[1]


@contextlib.contextmanager
def proxied(
    proxy: Proxy, folder: Path, upstream: str, change: tuple[str, str] = ("", "")
) -> Generator[Running]:
    """Run a proxy with its shipped file in front of an application.

    Args:
        proxy: one of :data:`PROXIES`.
        folder: for its files.
        upstream: where the application listens.
        change: a text of the file, and what a test writes instead.
    """
    plain, tls = free_port(), free_port()
    site = replace(EXAMPLE, upstreams=(upstream.removeprefix("http://"),))
    text = written(proxy, site)
    assert change[0] in text
    trust = proxy.write(folder, text.replace(*change), plain, tls)
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            proxy.command(proxy.runs, folder),
            stdout=said,
            stderr=said,
            env=_environment(folder),
        )
    try:
        while not wait_for_port(tls, 0.5):
            if process.poll() is not None:
                raise RuntimeError((folder / "said.txt").read_text())
        yield Running(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", trust, folder)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it waits for streams that a test left open
            process.kill()
            process.wait()


def written(proxy: Proxy, site: Site) -> str:
    """Return its file for a site."""
    return render(KITS[proxy.name], site)[proxy.file]


def _environment(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def _haproxy(text: str, folder: Path, plain: int, tls: int) -> str:
    text = re.sub(r"^ *bind \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace("bind :80", f"bind 127.0.0.1:{plain}")
    text = text.replace("bind :443", f"bind 127.0.0.1:{tls}").replace("/dev/log", "stdout")
    text = text.replace("log stdout", "log stdout format raw")
    # The descriptors that a test's user may have are too few for the shipped number.
    text = text.replace("maxconn 16384", "maxconn 200")
    return re.sub(r"/etc/haproxy/certs/\S+", str(folder / "pair.pem"), text)


def _envoy(text: str, folder: Path, plain: int, tls: int) -> str:
    del plain
    where = 'address: "::", port_value: 443, ipv4_compat: true'
    text = text.replace(where, f"address: 127.0.0.1, port_value: {tls}")
    return re.sub(r"/etc/letsencrypt/live/[^/]*", str(folder), text)


def _caddy(text: str, folder: Path, plain: int, tls: int) -> str:
    moved = (
        f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {tls}\n\tdefault_bind 127.0.0.1\n"
    )
    text = text.replace("\n{\n", moved, 1)
    pair = f"\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
    return text.replace(f"\n{EXAMPLE.host} {{\n", f"\n{EXAMPLE.host} {{\n{pair}", 1)


# What Debian's apache2.conf says around a site, as far as it is needed.
_APACHE = """
ServerRoot {folder}
ServerName 127.0.0.1
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
Mutex file:{folder} default
{modules}
User {user}
Group {user}
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{tls}
AddOutputFilterByType DEFLATE text/event-stream
"""
# What Debian has enabled, and what it enables with the modules that the file names.
_MODULES = (
    *("mpm_event", "authz_core", "deflate", "filter", "setenvif", "alias", "env"),
    *("proxy", "slotmem_shm", "socache_shmcb"),
)


def _apache(text: str, folder: Path, plain: int, tls: int) -> str:
    where = "/usr/lib/apache2/modules/mod_{0}.so"
    named = re.findall(r"# +a2enmod (.*)", text)[0].split()
    load = [f"LoadModule {one}_module {where.format(one)}" for one in (*_MODULES, *named)]
    around = _APACHE.format(
        folder=folder, modules="\n".join(load), user="nobody", plain=plain, tls=tls
    )
    around = around.replace("Group nobody", "Group nogroup")
    text = text.replace("*:80>", f"127.0.0.1:{plain}>").replace("*:443>", f"127.0.0.1:{tls}>")
    return around + re.sub(r"/etc/letsencrypt/live/[^/]*", str(folder), text)


PROXIES = (
    Proxy(
        name="haproxy",
        file="haproxy.cfg",
        program="haproxy",
        checks=("-c", "-f", "{file}"),
        runs=("-db", "-f", "{file}"),
        version=("-v", r"version (\d+\.\d+\.\d+)"),
        moved=_haproxy,
    ),
    Proxy(
        name="envoy",
        file="envoy.yaml",
        program=str(Path(sys.executable).parent / "envoy"),
        checks=("--mode", "validate", "-c", "{file}"),
        runs=("--use-dynamic-base-id", "--concurrency", "2", "-l", "warning", "-c", "{file}"),
        version=("--version", r"/(\d+\.\d+\.\d+)"),
        moved=_envoy,
    ),
    Proxy(
        name="caddy",
        file="Caddyfile",
        program="caddy",
        checks=("validate", "--adapter", "caddyfile", "--config", "{file}"),
        runs=("run", "--adapter", "caddyfile", "--config", "{file}"),
        version=("version", r"v?(\d+\.\d+\.\d+)"),
        moved=_caddy,
    ),
    Proxy(
        name="apache",
        file="streamward.conf",
        program="apache2",
        checks=("-t", "-f", "{file}"),
        runs=("-D", "FOREGROUND", "-f", "{file}"),
        version=("-v", r"Apache/(\d+\.\d+\.\d+)"),
        moved=_apache,
    ),
)
"""Each of them."""
