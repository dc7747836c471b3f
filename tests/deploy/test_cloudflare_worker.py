"""The Worker of the kit in workerd, in front of nginx with the shipped files, in front of an app."""

from __future__ import annotations

import time

import anthropic
import httpx
import openai
import pytest
from support.asking import Remote, asking, in_step
from support.lockstep import frame
from support.nginx import kit
from support.servers import running
from support.worker import serving
from support.worker.origin import Answer
from support.worker.said import BEGUN, CHAT, MESSAGES, WHOLE_CHAT, say, write
from websockets.sync.client import connect

from streamward.deploy import EXAMPLE
from streamward.wire.errors import UpstreamError

FRAMES = 12


@pytest.fixture(scope="module")
def nginx(h11, tmp_path_factory):
    with kit(tmp_path_factory.mktemp("nginx"), h11) as running_nginx:
        yield running_nginx


@pytest.fixture(scope="module")
def front(worker, nginx):
    with serving(worker, nginx=nginx) as running_worker:
        yield running_worker


@pytest.fixture(scope="module")
def behind_nginx(worker, origin, tmp_path_factory):
    """The Worker's URL; an application that answers as a test says is behind it and nginx."""
    with (
        running(origin) as upstream,
        kit(tmp_path_factory.mktemp("nginx"), upstream) as nginx,
        serving(worker, nginx=nginx, HEARTBEAT_SECONDS=0.2) as front,
    ):
        yield front.plain


@pytest.mark.parametrize("size", [0, 9000], ids=["tokens", "large"])
def test_each_frame_arrives_before_the_next_is_sent(front, h11, size):
    remote = Remote(h11)
    query = f"reads=1&frames={FRAMES}&size={size}"
    with asking(front, remote, query, http="plain") as reader:
        assert in_step(reader, remote, FRAMES) == FRAMES
        body = reader.rest()

    assert body == b"".join(frame(remote.name, n, size) for n in range(FRAMES))
    assert "content-encoding" not in reader.response.headers
    assert reader.response.headers["cache-control"] == "no-store, no-transform"
    assert remote.seen().headers["host"] == EXAMPLE.host


def test_a_leaving_client_stops_the_application(front, h11):
    remote = Remote(h11)
    with asking(front, remote, "reads=1&frames=1000", http="plain") as reader:
        in_step(reader, remote, 3)

    assert happens(lambda: remote.seen().left)
    assert remote.seen().sent < 8


def test_a_client_that_leaves_in_silence_is_noticed_by_a_sign_of_life(worker, nginx, h11):
    """The runtime sees that nobody reads only when it writes."""
    remote = Remote(h11)
    with serving(worker, nginx=nginx, HEARTBEAT_SECONDS=0.2) as front:
        with asking(front, remote, "reads=1&late=1", http="plain") as reader:
            next(reader.pieces)

        assert happens(lambda: remote.seen().left)
    assert remote.seen().sent == 0


def test_a_second_user_never_gets_the_first_ones_stream(front, h11):
    first, second = Remote(h11), Remote(h11)
    for remote in (first, second):
        remote.allow_all()
        with asking(front, remote, "reads=1&frames=3", http="plain", method="GET") as reader:
            assert reader.rest() == b"".join(frame(remote.name, n) for n in range(3))

    assert second.seen().asked == 1


def test_a_websocket_passes_on_the_same_path(front, h11):
    remote = Remote(h11)
    with connect(
        front.plain.replace("http", "ws") + "/v1/chat?frames=5",
        additional_headers={"x-stream": remote.name},
    ) as socket:
        for number in range(5):
            assert socket.recv(timeout=10) == frame(remote.name, number)
            remote.allow()


def test_official_clients_read_an_answer_that_is_whole(behind_nginx, origin):
    origin.answers[CHAT] = Answer(WHOLE_CHAT)

    assert "".join(say(behind_nginx)) == "Héllo"


@pytest.mark.parametrize("torn", [b"", b'data: {"cho', b"data: {\xc3"], ids=["cut", "torn", "byte"])
@pytest.mark.parametrize("breaks", [False, True], ids=["ends", "breaks"])
def test_official_clients_raise_on_an_answer_that_is_not(behind_nginx, origin, torn, breaks):
    pieces = (*WHOLE_CHAT[:2], torn) if torn else WHOLE_CHAT[:2]
    origin.answers[CHAT] = Answer(pieces, breaks=breaks)
    origin.answers[MESSAGES] = Answer((*BEGUN, torn) if torn else BEGUN, breaks=breaks)

    with pytest.raises(openai.APIError) as raised:
        for _ in say(behind_nginx):
            pass
    assert raised.value.code == UpstreamError.code
    with pytest.raises(anthropic.APIStatusError, match=UpstreamError.code):
        write(behind_nginx)


@pytest.mark.parametrize(
    ("path", "begin", "sign"),
    [
        (CHAT, WHOLE_CHAT[:1], b": ping\n\n"),
        (CHAT, (), b": ping\n\n"),
        (MESSAGES, BEGUN, b'event: ping\ndata: {"type": "ping"}\n\n'),
        ("/v1/models/m:streamGenerateContent", (), b"\n"),
    ],
    ids=["chat", "before the first frame", "messages", "gemini"],
)
def test_signs_of_life_are_sent_in_silence(behind_nginx, origin, path, begin, sign):
    origin.go.clear()
    origin.answers[path] = Answer((*begin, None, *WHOLE_CHAT[1:]))
    with httpx.stream("POST", behind_nginx + path, timeout=10) as response:
        read = b""
        for piece in response.iter_bytes():
            read += piece
            if read.count(sign) == 3:
                origin.go.set()

    before, after = b"".join(begin), b"".join(WHOLE_CHAT[1:])
    assert read.startswith(before + 3 * sign)
    assert read.count(after) == 1
    assert read[len(before) : read.index(after)].replace(sign, b"") == b""


def test_official_clients_do_not_mind_them(behind_nginx, origin):
    origin.go.clear()
    origin.answers[CHAT] = Answer((WHOLE_CHAT[0], None, *WHOLE_CHAT[1:]))
    with httpx.stream("POST", behind_nginx + CHAT, timeout=10) as response:
        assert next(piece for piece in response.iter_bytes() if b": ping" in piece)
    # they come now, and this client meets some of them
    words = say(behind_nginx)
    assert next(words) == "Hé"
    origin.go.set()
    assert "".join(words) == "llo"


def happens(what, within=10):
    deadline = time.monotonic() + within
    while not (seen := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen
