"""The running answers of one process, shared with others through Redis."""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from ...wire.errors import CacheError, CacheFullError
from ..answers import RunningAnswers
from ..breaker import beside_requests
from ..recording import MAX_RECORDING_BYTES
from ..running import GENERATION_BYTES, Running
from .entry import OVER, EntryForm
from .lease import RedisLease
from .mirror import Mirror
from .quota import RedisQuota
from .scripts import CLAIM, READ, RELEASE, WISH

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence

    from ..encryption import Encryption
    from ..link.link import Link
    from ..link.script import Script, Value
    from ..recording import Recording
    from .names import Names
    from .tasks import Task, Tasks

__all__ = ["RedisAnswers"]

_PROCESS_BYTES: Final = 8


class _Reflected(NamedTuple):
    mirror: Mirror
    task: Task
    place: Hashable

    def is_alive(self) -> bool:
        return self.mirror.running.ending is None and not self.task.done()


class RedisAnswers:
    """Claims, follows and stops the answers of every process that shares a Redis.

    Args:
        link: to Redis.
        names: of what stands there.
        tasks: does what no request waits for.
        term: seconds after which the right of a leader that is dead runs out.
        timeout: the most seconds that a request waits for a claim.
        write_timeout: the same for what no request waits for.
        encryption: seals what is written; None: nothing is sealed.
        stored: returns the bytes that are kept of a recording.

    Attributes:
        quota: what each scope keeps.
        local: the answers that this process gives.
        linger: seconds that the log of an answer that has ended can still be read.
        renewal: seconds between two renewals of a lease.
        verb: the command that publishes.
        write_timeout: see above.
    """

    def __init__(
        self,
        link: Link,
        names: Names,
        tasks: Tasks,
        *,
        term: float,
        timeout: float,
        write_timeout: float,
        encryption: Encryption | None,
        stored: Callable[[bytes, Recording], bytes],
    ) -> None:
        self.link = link
        self.names = names
        self.tasks = tasks
        self.term = term
        self.renewal = term / 3
        self.linger = 60.0
        self.verb = link.publish
        self.encryption = encryption
        self.stored = stored
        self.quota = RedisQuota(self)
        self.local = RunningAnswers(linger=self.linger)
        self._timeout = timeout
        self.write_timeout = write_timeout
        self._leases: dict[bytes, RedisLease] = {}
        self._claiming: dict[bytes, Running] = {}
        self._mirrors: dict[tuple[bytes, bytes], _Reflected] = {}
        self._writing: dict[bytes, tuple[Hashable, Task]] = {}
        self._processes: dict[Hashable, tuple[bytes, Task]] = {}
        self._lock = threading.Lock()

    async def claim(
        self, key: bytes, *, anew: bool, instead_of: bytes, max_bytes: int
    ) -> bytes | Running | RedisLease:
        """Return the stored recording, the answer to follow, or the lease."""
        if (joined := self.local.join(key, anew=anew, instead_of=instead_of)) is not None:
            return joined
        running = Running(max_bytes=max_bytes)
        holder = running.generation + self._process()
        keys = [self.names.recording(key), self.names.lease(key)]
        args: list[Value] = [holder, self.milliseconds(self.term), b"1" if anew else b"0"]
        self._claiming[running.generation] = running
        try:
            kind, *told = await self.link.script(CLAIM, keys, [*args, instead_of], self._timeout)
        except BaseException:
            running.end("lost")  # for who was told to follow it meanwhile
            raise
        finally:
            del self._claiming[running.generation]
        if kind == b"hit":
            return bytes(told[0])
        if kind == b"follow":
            generation, process = told[0][:GENERATION_BYTES], told[0][GENERATION_BYTES:]
            return self._followed(key, generation, process, max_bytes)
        lease = RedisLease(self, key, running, holder)
        self.local.start(key, running)
        self._leases[running.generation] = lease
        return lease

    async def find(self, key: bytes, generation: bytes) -> Running | None:
        """Return one certain answer, running or just ended, whoever gives or gave it."""
        if (running := self.local.find(key, generation)) is not None:
            return running
        keys = [self.names.log(key, generation), self.names.lease(key)]
        count, _, holder = await self.link.script(READ, keys, [-1], self._timeout)
        leads = holder.startswith(generation)
        if not count and not leads:
            return None
        process = holder[GENERATION_BYTES:] if leads else b""
        return self._followed(key, generation, process, MAX_RECORDING_BYTES)

    async def stop(self, key: bytes, generation: bytes) -> None:
        """Ask for an answer to end: at once here, and by a lasting wish where another gives it."""
        if self.local.find(key, generation) is not None and self.local.stop(generation):
            return
        keys = [self.names.log(key, generation), self.names.lease(key)]
        _, _, holder = await self.link.script(READ, keys, [-1], self._timeout)
        if holder.startswith(generation):
            await self.wish(key, generation, b"stop", holder[GENERATION_BYTES:])

    async def wish(self, key: bytes, generation: bytes, what: bytes, process: bytes) -> None:
        """Want something of whoever gives an answer: it hears it now, or at its next renewal."""
        wishes = self.names.wishes(key, generation)
        with contextlib.suppress(CacheFullError):  # then it has to be heard now
            await self.run(WISH, [wishes], [what, self.milliseconds(10 * self.term)])
        await self.publish(self.names.calls(process), what + b":" + generation + key)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Value]) -> Any:
        """Run a script that no request waits for."""
        with beside_requests():
            return await self.link.script(script, keys, args, self.write_timeout)

    async def publish(self, channel: str, message: bytes) -> int:
        """Publish; return how many hear it."""
        heard: int = await self.send(self.verb, channel, message)
        return heard

    async def close(self) -> None:
        """End what runs in the background of this place: nothing is followed or renewed."""
        place = self.tasks.place()
        with self._lock:
            tasks = [known.task for known in self._mirrors.values() if known.place == place]
            tasks += [task for where, task in self._writing.values() if where == place]
            process = self._processes.pop(place, None)
        if process is not None:
            tasks.append(process[1])
        for lease in list(self._leases.values()):
            tasks += lease.close(place)
        await self.tasks.end(tasks)

    async def send(self, *command: Value) -> Any:
        """Send a command that no request waits for."""
        with beside_requests():
            return await self.link.call(
                lambda redis: cast("Any", redis).execute_command(*command), self.write_timeout
            )

    def start_writing(self, running: Running, work: Coroutine[Any, Any, None]) -> Task:
        """Let the log of an answer be written, to its end, also when the answer has ended."""
        generation = running.generation

        async def write() -> None:
            try:
                await work
            finally:
                with self._lock:
                    self._writing.pop(generation, None)

        with self._lock:
            task = self.tasks.start(write())
            self._writing[generation] = self.tasks.place(), task
            return task

    def let_go(self, key: bytes, running: Running) -> None:
        """Note that an answer of this process has ended."""
        self._leases.pop(running.generation, None)
        self.local.finish(key, running)

    def milliseconds(self, seconds: float) -> int:
        """Return a time as Redis wants it: a year at the most."""
        return max(1, math.ceil(min(seconds, 365 * 86_400) * 1000))

    def _followed(self, key: bytes, generation: bytes, process: bytes, max_bytes: int) -> Running:
        """Return the answer of another process, read by one mirror however many follow."""
        mine = self.local.find(key, generation) or self._claiming.get(generation)
        if mine is not None:
            return _unshared(generation) if mine.abandoned else mine
        name = key, generation
        with self._lock:
            known = self._mirrors.get(name)
            if known is not None and known.is_alive():
                known.mirror.expect()
                return known.mirror.running
            mirror = Mirror(self, key, Running(generation, max_bytes=max_bytes), process)
            task = self.tasks.start(self._reflect(name, mirror))
            self._mirrors[name] = _Reflected(mirror, task, self.tasks.place())
            return mirror.running

    async def _reflect(self, name: tuple[bytes, bytes], mirror: Mirror) -> None:
        try:
            await mirror.run()
        finally:
            self._forget(name, mirror)

    def _forget(self, name: tuple[bytes, bytes], mirror: Mirror) -> None:
        with self._lock:
            if name in self._mirrors and self._mirrors[name].mirror is mirror:
                del self._mirrors[name]

    def _process(self) -> bytes:
        """Return what this place is called by the others; let it hear its calls from now on."""
        place = self.tasks.place()
        with self._lock:
            if place not in self._processes or self._processes[place][1].done():
                for gone in [known for known in self._processes if self.tasks.is_gone(known)]:
                    del self._processes[gone]
                process = secrets.token_bytes(_PROCESS_BYTES)
                self._processes[place] = process, self.tasks.start(self._hear(process))
            return self._processes[place][0]

    async def _hear(self, process: bytes) -> None:
        """Grant wishes as they come; those that are missed are seen at the next renewal."""
        try:
            async with self.link.subscribe(self.names.calls(process)) as calls:
                async for call in calls:
                    what, _, named = (call or b"").partition(b":")
                    await self._grant(
                        what, named[:GENERATION_BYTES], named[GENERATION_BYTES:], process
                    )
        except CacheError:
            # Refused, or closed: what is wished for is seen at each renewal.
            return

    async def _grant(self, what: bytes, generation: bytes, key: bytes, process: bytes) -> None:
        if (lease := self._leases.get(generation)) is not None:
            lease.grant([what])
        elif key and generation not in self._claiming and generation not in self._writing:
            # The answer to a claim got lost, or the answer has ended: nobody gives it here.
            with contextlib.suppress(CacheError):
                if await self.run(RELEASE, [self.names.lease(key)], [generation + process]):
                    over = EntryForm(key, generation, self.encryption).encode(OVER)
                    await self.send(self.verb, self.names.news(key, generation), over)


def _unshared(generation: bytes) -> Running:
    """Return an answer that nobody can follow, though somebody still gives it."""
    running = Running(generation)
    running.end("unshared")
    return running
