"""A real nginx on loopback: with the shipped files, or with a configuration of a test's own."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import subprocess
from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from pathlib import Path

from streamward.deploy import EXAMPLE, KITS, render

from .certificates import server_certificate
from .programs import program
from .servers import free_port, wait_for_port

__all__ = [
    "HOSTILE",
    "Nginx",
    "accepts",
    "bare",
    "installed",
    "kit",
    "njs_module",
    "started",
    "version",
]

# What the http block of somebody else's nginx may say. The stream location must not care.
HOSTILE = """
    gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0;
    proxy_buffering on; proxy_http_version 1.0; chunked_transfer_encoding off; tcp_nodelay off;
    proxy_cache_path {folder}/cache keys_zone=hostile:1m; proxy_cache hostile;
    proxy_cache_valid any 1h; proxy_cache_key $uri; proxy_cache_methods GET POST;
    proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    proxy_ignore_client_abort on; proxy_next_upstream error timeout non_idempotent;
    proxy_read_timeout 1s; client_max_body_size 1k; postpone_output 100k;
    proxy_set_header X-Of-The-Server 1;
"""

# The rest of that nginx: it includes the snippets as the page says.
_AROUND_SNIPPETS = """
events {{}}
http {{
    {hostile}
    include streamward/http.conf;
    include streamward/upstream-asgi.conf;
    include streamward/upstream-grpc.conf;
    server {{
        listen 127.0.0.1:80;
        include streamward/listen.conf;
        server_name {host};
        ssl_certificate /etc/letsencrypt/live/{host}/fullchain.pem;
        ssl_certificate_key /etc/letsencrypt/live/{host}/privkey.pem;
        location /v1/ {{ include streamward/stream.conf; }}
        location /chat.v1.Chat/ {{ include streamward/grpc.conf; }}
        location / {{ proxy_pass http://streamward_app; }}
    }}
}}
"""

_BARE = """
events {{}}
http {{
    access_log off;
    {http}
    upstream app {{ {servers} }}
    server {{
        listen 127.0.0.1:80;
        location / {{ proxy_pass http://app; {location} }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx.

    Attributes:
        plain: its URL without TLS.
        tls: its URL with TLS, for clients that ask for :data:`EXAMPLE`'s host.
        trust: what such a client trusts.
        folder: its files; ``streams.log`` is among them.
        process: its master.
    """

    plain: str
    tls: str
    trust: ssl.SSLContext
    folder: Path
    process: subprocess.Popen[bytes]

    def log(self) -> list[str]:
        """Return the lines of the log of streams."""
        return (self.folder / "log/streams.log").read_text().splitlines()


@contextlib.contextmanager
def kit(
    folder: Path,
    *upstreams: str,
    grpc: str | None = None,
    around: str | None = None,
    variants: Collection[str] = (),
) -> Generator[Nginx]:
    """Run the shipped files in front of one upstream, or of several.

    Args:
        grpc: where gRPC is spoken.
        around: instead of the shipped nginx.conf: what somebody else's http block says before it
            includes the snippets.
        variants: of the kit, beside the one that this nginx needs.
    """
    site = replace(EXAMPLE, upstreams=tuple(one.removeprefix("http://") for one in upstreams))
    if version() < (1, 25, 1):
        variants = {*variants, "1.22"}
    files = render(KITS["nginx"], site, variants)
    if around is not None:
        text = _AROUND_SNIPPETS.format(hostile=around.format(folder=folder), host=site.host)
        if "1.22" in variants:
            text = text.replace("listen.conf", "listen-1.22.conf")
        if "njs" in variants:
            text = f"include modules-enabled/*.conf;{text}"
        files["nginx.conf"] = text
    if grpc is not None:
        where = files["streamward/upstream-grpc.conf"]
        files["streamward/upstream-grpc.conf"] = where.replace("127.0.0.1:50051", grpc)
    with started(folder, files) as nginx:
        yield nginx


@contextlib.contextmanager
def bare(folder: Path, *upstreams: str, http: str = "", location: str = "") -> Generator[Nginx]:
    """Run an nginx that has ``proxy_pass`` and what is said here, as recipes are pasted."""
    text = _BARE.format(
        http=http.format(folder=folder),
        servers=" ".join(f"server {one.removeprefix('http://')};" for one in upstreams),
        location=location,
    )
    with started(folder, {"nginx.conf": text}) as nginx:
        yield nginx


@contextlib.contextmanager
def started(folder: Path, files: dict[str, str]) -> Generator[Nginx]:
    """Write files as for /etc/nginx, moved to loopback and into a folder; run nginx with them."""
    plain, tls = free_port(), free_port()
    trust = write(folder, files, plain=plain, tls=tls)
    process = subprocess.Popen([*_command(folder), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        for port in (plain, tls) if "listen 443" in "".join(files.values()) else (plain,):
            while not wait_for_port(port, 0.5):
                if process.poll() is not None:
                    raise RuntimeError((folder / "log/error.log").read_text())
        yield Nginx(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", trust, folder, process)
    finally:
        process.terminate()
        process.wait(10)


def write(folder: Path, files: dict[str, str], *, plain: int, tls: int) -> ssl.SSLContext:
    """Write files as for /etc/nginx, moved to loopback and into a folder."""
    own = server_certificate(folder, EXAMPLE.host)
    for name, text in {**files, "mime.types": "types { text/html html; }"}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_moved(text, folder, plain=plain, tls=tls))
    for name in ("log", "modules-enabled"):
        (folder / name).mkdir(exist_ok=True)
    wanted = any("include streamward/with-njs.conf" in text for text in files.values())
    if wanted and (module := njs_module()) is not None:
        (folder / "modules-enabled/njs.conf").write_text(f"load_module {module};\n")
    return own


def accepts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``nginx -t`` on files that were written."""
    return subprocess.run([*_command(folder), "-t"], capture_output=True, text=True, check=False)


def _moved(text: str, folder: Path, *, plain: int, tls: int) -> str:
    """Move a configuration from a machine's places to a test's own."""
    text = re.sub(r"^ *listen \[::\].*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{tls}", text)
    text = re.sub(r"listen (127\.0\.0\.1:)?80\b", f"listen 127.0.0.1:{plain}", text)
    text = re.sub(r"^(user|pid|error_log) .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"/etc/letsencrypt/live/[^/]*", str(folder), text)
    text = text.replace("/var/log/nginx/", f"{folder}/log/").replace("/etc/nginx/", f"{folder}/")
    own = "user root;" if os.geteuid() == 0 else ""  # pytest's folders are for their owner only
    temporary = "".join(
        f"{kind}_temp_path {folder}/tmp-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    if "\nhttp {" in text:
        text = text.replace("\nhttp {", f"\nhttp {{ {temporary}", 1)
        text = f"{own} pid {folder}/pid; error_log {folder}/log/error.log info;\n{text}"
    return text


def _command(folder: Path) -> list[str]:
    (folder / "log").mkdir(exist_ok=True)
    early = str(folder / "log/error.log")
    return [installed(), "-e", early, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def installed() -> str:
    """Return the nginx that the tests use; ``STREAMWARD_NGINX`` names another."""
    return os.environ.get("STREAMWARD_NGINX") or program("nginx")


def version() -> tuple[int, ...]:
    """Return its version."""
    said = subprocess.run([installed(), "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))


def njs_module() -> Path | None:
    """Return where njs is, if it is installed; ``STREAMWARD_NJS`` names another."""
    module = Path(
        os.environ.get("STREAMWARD_NJS") or "/usr/lib/nginx/modules/ngx_http_js_module.so"
    )
    return module if module.exists() else None
