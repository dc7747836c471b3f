"""The command, from the outside: exit codes, JSON, and nothing private in what it says."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import os
import pty
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.servers import free_port, running, wait_for_port
from support.streams import ScriptedApp, chat
from typer.testing import CliRunner

from streamward import Streamward
from streamward.cli import commands, main
from streamward.doctor import Echo

FAST = ["--frames", "8", "--pace", "0.05", "--silence", "0"]
CHAT = chat([f"word{n} " for n in range(20)])
FINE = "proxy_http_version 1.1; proxy_buffering off; gzip off;"
SLOWLY = [item for frame in CHAT for item in (frame, 0.05)]


def doctor(*arguments: str):
    return CliRunner().invoke(commands(), ["doctor", *arguments])


def report_of(*arguments: str) -> dict:
    result = doctor(*arguments, "--json")
    report = json.loads(result.stdout)
    assert report["exit_code"] == result.exit_code
    return report


def codes(report: dict) -> list[str]:
    return [finding["code"] for finding in report["findings"]]


def test_an_echo_without_anything_in_front_is_fine():
    with running(Echo()) as url:
        report = report_of(url, *FAST)

    assert report["exit_code"] == 0
    assert report["findings"] == []
    assert report["through"].keys() == {"first", "once", "again", "bare", "large", "death"}
    bare = report["through"]["bare"]
    assert (bare["frames"], bare["http_version"], bare["upstream_http_version"]) == (
        8,
        "HTTP/1.1",
        "1.1",
    )
    assert bare["delay"].keys() == bare["gap"].keys() == {"p50", "p95", "max"}
    assert bare["ttfb"] <= bare["ttft"] <= bare["total"]
    assert report["through"]["death"]["end"] == "cut"


def test_an_echo_behind_streamward_is_left_as_it_is():
    with running(Streamward(Echo())) as url:
        report = report_of(url, *FAST)

    assert report["findings"] == []
    assert "x-accel-buffering" not in report["through"]["bare"]["headers"]


def test_a_finding_is_printed_with_its_line_and_exit_code(front, echo):
    result = doctor(front(echo, "proxy_http_version 1.0;"), *FAST)

    assert result.exit_code == 1
    assert "fault http10_upstream" in result.stdout
    assert "at      nginx" in result.stdout
    assert "change  `proxy_http_version 1.1;`" in result.stdout
    assert result.stderr == ""  # no progress where nobody looks


@pytest.mark.parametrize("framing", ["sse", "sse as plain text", "ndjson"])
def test_a_stream_of_ones_own_is_read_in_its_dialect(framing):
    kinds = {
        "sse": "text/event-stream",
        "sse as plain text": "text/plain",
        "ndjson": "application/x-ndjson",
    }
    lines = [
        b'{"message":{"content":"a"},"done":false}\n',
        0.02,
        b'{"done":true,"done_reason":"stop"}\n',
    ]
    app = ScriptedApp(lines if framing == "ndjson" else CHAT, content_type=kinds[framing])
    with running(app) as url:
        report = report_of(f"{url}/v1/chat/completions", "-d", "{}")

    first = report["through"]["first"]
    assert (report["exit_code"], report["echo"]) == (0, False)
    assert first["dialect"] == ("ollama" if framing == "ndjson" else "openai_chat")
    assert (first["end"], first["ending"]) == ("clean", "complete")
    assert app.scope["method"] == "POST"


def test_a_missing_terminal_frame_is_named():
    with running(ScriptedApp(CHAT[:-2])) as url:
        assert codes(report_of(url)) == ["no_terminal"]


def test_an_answer_that_breaks_off_is_named():
    with running(ScriptedApp([*CHAT[:3], RuntimeError()])) as url:
        assert codes(report_of(url)) == ["cut"]


def test_ones_own_stream_is_compared_with_the_application(front):
    with running(ScriptedApp(SLOWLY)) as upstream:
        url = front(upstream, "proxy_http_version 1.0;")
        report = report_of(url, "--direct", upstream, "--once")

    assert codes(report) == ["arrives_at_once"]
    assert report["findings"][0]["hop"] == "nginx"
    assert report["without_proxies"]["first"]["arrivals"] >= 12
    assert report["through"].keys() == {"first"}


def test_a_compressor_in_front_of_ones_own_stream_is_named(front):
    with running(ScriptedApp(SLOWLY)) as upstream:
        http = "gzip on; gzip_types text/event-stream; gzip_proxied any;"
        report = report_of(front(upstream, "proxy_http_version 1.1;", http), "--direct", upstream)

    assert codes(report) == ["compressed_held"]
    assert report["through"]["first"]["ending"] == "complete"  # it was read all the same


def test_an_application_that_compresses_each_frame_by_itself_is_named():
    gzip_each = [gzip.compress(frame) for frame in CHAT]
    with running(ScriptedApp(gzip_each, headers=[(b"content-encoding", b"gzip")])) as url:
        report = report_of(url, "--direct", url)

    assert codes(report) == ["gzip_members"]
    assert report["findings"][0]["hop"] == "app"


def test_progress_is_shown_to_who_looks(echo):
    """On standard error only, and only where it is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "streamward", "doctor", echo, *FAST, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)

    assert "Timing an ordinary stream" in shown
    assert json.loads(done.stdout)["findings"] == []


# Where there is nothing to examine


def trouble_of(url: str, *arguments: str) -> tuple[int, str]:
    report = report_of(url, *arguments)
    assert report["findings"] == []
    return report["exit_code"], report["troubles"][0]["kind"]


def test_a_dead_port():
    assert trouble_of(f"http://127.0.0.1:{free_port()}/") == (2, "unreachable")


def test_a_dead_application_beside_a_good_way(echo):
    assert trouble_of(echo, *FAST, "--direct", f"http://127.0.0.1:{free_port()}/") == (
        2,
        "unreachable",
    )


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (404, [], "status"),
        (504, [], "status"),
        (307, [(b"location", b"https://u:p@example.com/x?key=s")], "redirect"),
    ],
)
def test_an_answer_with_another_status(status, headers, kind):
    with running(ScriptedApp([b"no"], status=status, headers=headers)) as url:
        assert trouble_of(url) == (3, kind)
        said = doctor(url).stdout

    assert f"status {status}" in said
    assert "example.com/x: ask there" in said or kind == "status"
    assert "key" not in said and "u:p" not in said


@pytest.mark.parametrize(
    ("kind", "headers"),
    [("application/json", []), ("text/html", []), ("text/plain", [(b"content-length", b"2")])],
)
def test_an_answer_that_is_no_stream(kind, headers):
    with running(ScriptedApp([b"{}"], content_type=kind, headers=headers)) as url:
        assert trouble_of(url) == (3, "not_a_stream")


@contextlib.contextmanager
def talking(answer: bytes | None) -> Iterator[str]:
    """A port that answers every connection with these bytes, or keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        if answer is None:
                            connection.recv(65536)
                        connection.sendall(answer or b"")

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_probe_that_is_refused_is_no_good_news(front, echo):
    """A way that lets one stream through at a time refuses the others while one is silent."""
    http = "limit_conn_zone $binary_remote_addr zone=one:1m;"
    url = front(echo, f"{FINE} limit_conn one 1; limit_conn_status 429;", http)
    slow = [*FAST[:-1], "3"]

    result, report = doctor(url, *slow), report_of(url, *slow)

    assert (result.exit_code, report["exit_code"]) == (2, 2)
    assert ", status 429: a limit of calls is reached" in result.stdout
    assert "Nothing found" not in result.stdout
    assert any(one["status"] == 429 for one in report["through"].values())


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"], ids=["closes", "not HTTP"])
def test_somebody_who_speaks_no_http(answer):
    with talking(answer) as address:
        assert trouble_of(f"http://{address}/") == (2, "protocol")


def test_somebody_who_never_answers():
    with talking(None) as address:
        assert trouble_of(f"http://{address}/", "--patience", "1") == (2, "no_answer")


@pytest.fixture
def certificate(tmp_path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(made.public_bytes(pem))
    key_file.write_bytes(secret)
    return cert_file, key_file


def test_tls_that_is_not_believed(certificate):
    cert, key = certificate
    port = free_port()
    config = uvicorn.Config(
        Echo(), port=port, ssl_certfile=cert, ssl_keyfile=key, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for_port(port)
    try:
        unknown = trouble_of(f"https://localhost:{port}/")
        known = doctor(f"https://localhost:{port}/", *FAST, "--cacert", str(cert))
    finally:
        server.should_exit = True
        thread.join(10)

    assert unknown == (2, "tls")
    assert known.exit_code == 0, known.output


def test_tls_where_there_is_none(echo):
    assert trouble_of(echo.replace("http:", "https:")) == (2, "tls")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["not-a-url"],
        ["http://127.0.0.1:1/", "-H", "no colon"],
        ["http://127.0.0.1:1/", "-d", "@/nowhere/at/all"],
        ["https://127.0.0.1:1/", "--cacert", "/nowhere/at/all"],
        ["http://127.0.0.1:1/", "--frames", "1"],
        ["http://127.0.0.1:1/", "--silence", "901"],
    ],
    ids=["nothing", "no URL", "header", "data", "cacert", "frames", "silence"],
)
def test_a_wrong_call_is_told_in_a_word(arguments):
    result = doctor(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr and result.stderr


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.setattr(sys, "argv", ["streamward", "doctor", "http://127.0.0.1:1/"])

    with pytest.raises(SystemExit) as stopped:
        main()

    assert stopped.value.code == 2


def test_nothing_private_is_said(front):
    secret = "sk-verysecret"
    frames = chat(["my verysecret "])[:-1]
    app = ScriptedApp(frames, headers=[(b"set-cookie", b"s=verysecret")])
    with running(app) as upstream:
        url = f"http://user:verysecret@{front(upstream, 'add_header X-Token verysecret;')[7:]}/v1?key={secret}"
        call = [
            url,
            "-H",
            f"Authorization: Bearer {secret}",
            "-d",
            f'{{"q": "{secret}"}}',
            "--direct",
            url,
        ]
        said = [doctor(*call), doctor(*call, "--json")]

    assert app.calls == 8
    assert all(one.exit_code == 1 for one in said)
    assert not any("verysecret" in one.output for one in said)


def test_the_echo_can_be_served():
    port = free_port()
    command = [sys.executable, "-m", "streamward", "doctor", "--serve", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for_port(port)
        report = report_of(f"http://127.0.0.1:{port}/any/path", *FAST, "--retry")
        taken = doctor("--serve", "--port", str(port))
    finally:
        server.terminate()
        said = server.communicate(timeout=10)[1]

    assert f"http://127.0.0.1:{port}" in said
    assert report["findings"] == []
    assert report["through"]["retry"]["trouble"]["kind"] == "protocol"
    assert taken.exit_code == 2
