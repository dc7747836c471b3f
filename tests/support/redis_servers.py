"""Real Redis servers on free loopback ports, to be stopped, killed, filled and started again."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from typing import Any, cast

import pytest
import redis

from .programs import program
from .servers import free_port

START_SECONDS = 20
ATTEMPTS = 3  # another process may take the free port before Redis does

# After so many milliseconds without an answer a server counts as dead: little enough for a test to
# wait for; and, where no server is to die, more than a busy machine takes.
_NODE_TIMEOUT = "700"
LONG_NODE_TIMEOUT = "30000"


class RedisServer:
    """One process of redis-server, or of a program that is started in the same way."""

    def __init__(self, folder: str, *options: str, binary: str = "redis-server") -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [binary if "/" in binary else program(binary), *options]
        self._command += ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder]
        self.start()

    def start(self) -> None:
        """Start the process, also after :meth:`kill`, with nothing in its memory."""
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self._command, stdin=quiet, stdout=quiet, stderr=quiet)
        self.runs = self._greets()

    def pause(self) -> None:
        """Keep the port open and answer nothing, as behind a black hole."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; SIGKILL also ends a stopped process."""
        self.process.kill()
        self.process.wait()

    def ask(self, *command: Any) -> Any:
        """Return what the server answers to one command."""
        with redis.Redis(port=self.port, socket_timeout=START_SECONDS) as client:
            return cast("Any", client).execute_command(*command)

    def _greets(self) -> bool:
        """Wait until the server greets, or its process has ended."""
        address = ("127.0.0.1", self.port)
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(address, 1) as client:
                client.sendall(b"PING\r\n")
                if client.recv(7) in {b"+PONG\r\n", b"-NOAUTH", b"-DENIED"}:
                    return True
            time.sleep(0.01)
        return False


class Servers:
    """Servers that belong together, in a folder that goes with them."""

    def __init__(self, folder: str, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def start(self, *options: str, binary: str = "redis-server") -> RedisServer:
        """Start one more."""
        for _ in range(ATTEMPTS):
            server = RedisServer(self.folder, *options, binary=binary)
            self._stack.callback(server.kill)
            if server.runs:
                return server
        return pytest.fail("redis-server did not start")

    def store(self, *options: str, binary: str = "redis-server") -> RedisServer:
        """Start one that keeps values in memory only."""
        return self.start("--save", "", *options, binary=binary)

    def sentinel(self, settings: str, *options: str) -> RedisServer:
        """Start a sentinel. It keeps its settings, and what it finds out, in a file of its own."""
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".conf", delete=False) as file:
            file.write(settings.encode())
        return self.start(file.name, "--sentinel", *options)


@contextlib.contextmanager
def redis_servers() -> Generator[Servers]:
    """Hold servers until the block ends."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        yield Servers(folder, stack)


@contextlib.contextmanager
def running_redis(*options: str, binary: str = "redis-server") -> Generator[RedisServer]:
    """Run a redis-server with these further options until the block ends."""
    with redis_servers() as servers:
        yield servers.store(*options, binary=binary)


class SentinelSet:
    """A master, its replica and three sentinels."""

    def __init__(self, servers: Servers, *options: str, node_timeout: str = _NODE_TIMEOUT) -> None:
        self._node_timeout = node_timeout
        self.master = servers.store("--repl-diskless-sync-delay", "0", *options)
        self.replica = servers.store(*options, "--replicaof", "127.0.0.1", str(self.master.port))
        self.sentinels = [servers.sentinel(self._settings()) for _ in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        self.url = f"redis+sentinel://{self.hosts}/mymaster/0"
        until(lambda: _follows(self.replica))
        until(lambda: all(self._knows_all(one) for one in self.sentinels))

    def _settings(self) -> str:
        return (
            f"sentinel monitor mymaster 127.0.0.1 {self.master.port} 2\n"
            f"sentinel down-after-milliseconds mymaster {self._node_timeout}\n"
            "sentinel failover-timeout mymaster 2000\n"
        )

    def _knows_all(self, sentinel: RedisServer) -> bool:
        state = sentinel.ask("SENTINEL MASTERS")["mymaster"]
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


class Cluster:
    """Three masters that share the slots, and a replica of the first if wanted."""

    def __init__(
        self,
        servers: Servers,
        *options: str,
        replica: bool = False,
        tls: bool = False,
        binary: str = "redis-server",
        node_timeout: str = _NODE_TIMEOUT,
    ) -> None:
        self._node_timeout = node_timeout
        count = 4 if replica else 3
        self._buses: dict[RedisServer, int] = {}
        self.nodes: list[RedisServer] = []
        ports: list[int] = []
        for _ in range(count):
            ports.append(free_port())
            more = ("--tls-port", str(ports[-1])) if tls else ()
            self.nodes.append(self._node(servers, (*options, *more), binary))
        self.masters = self.nodes[:3]
        scheme, ports = ("rediss", ports) if tls else ("redis", [node.port for node in self.nodes])
        self.url = f"{scheme}+cluster://{','.join(f'127.0.0.1:{port}' for port in ports[:3])}"
        bounds = [0, 5461, 10923, 16384]
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < 3:
                node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            node.ask("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self._buses[self.nodes[0]])
        until(lambda: all(self._knows_all(node) for node in self.nodes))
        if replica:
            first = self.masters[0].ask("CLUSTER", "MYID")
            self.nodes[3].ask("CLUSTER", "REPLICATE", first)
            until(lambda: _follows(self.nodes[3]))
        until(lambda: all(self._is_whole(node) for node in self.nodes))

    def _node(self, servers: Servers, options: tuple[str, ...], binary: str) -> RedisServer:
        bus = free_port()
        node = servers.store(
            *("--cluster-enabled", "yes", "--cluster-node-timeout", self._node_timeout),
            *(
                "--repl-diskless-sync-delay",
                "0",
                "--cluster-port",
                str(bus),
                "--cluster-config-file",
                f"nodes{bus}.conf",
            ),
            *options,
            binary=binary,
        )
        self._buses[node] = bus
        return node

    def _knows_all(self, node: RedisServer) -> bool:
        known = int(node.ask("CLUSTER INFO")["cluster_known_nodes"])
        return known == len(self.nodes)

    def _is_whole(self, node: RedisServer) -> bool:
        return bool(node.ask("CLUSTER INFO")["cluster_state"] == "ok")


def _follows(replica: RedisServer) -> bool:
    return bool(replica.ask("INFO", "replication").get("master_link_status") == "up")


def until(condition: Callable[[], bool]) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the servers did not come together")
        time.sleep(0.02)
