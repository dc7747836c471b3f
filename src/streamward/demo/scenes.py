"""What the scripted model says, and to which prompt. All personal data here is invented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SCENES", "Answer", "Scene", "answer_to"]

# Cuts prose about where a byte-pair tokeniser does: digits by three, words and their beginnings.
_TOKEN = re.compile(r" ?[^\W\d_]{1,6}|\d{1,3}|\s+|.", re.DOTALL)
# Cuts JSON inside every \uXXXX escape, and elsewhere after a few characters.
_JSON_TOKEN = re.compile(r"\\u..|\\.|[^\\]{1,6}", re.DOTALL)

_MAX_ECHO = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model says, token by token.

    Attributes:
        tokens: the pieces of text, or of the JSON arguments of a tool call.
        tool: the name of the function that is called; None for prose.
        pace: seconds before each token.
        pauses: further seconds before the token of this number.
        dies_at: the number of the token that never comes, because the connection breaks.
    """

    tokens: tuple[str, ...]
    tool: str | None = None
    pace: float = 0.035
    pauses: Mapping[int, float] = field(default_factory=dict[int, float])
    dies_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One prompt to choose on the page.

    Attributes:
        key: its name in the address (``/?scene=pii``).
        title: what happens.
        watch: what to look at.
        prompt: the user's message; exactly this text calls for ``answer``.
        answer: what the model says.
        repeat: True when the page asks twice.
    """

    key: str
    title: str
    watch: str
    prompt: str
    answer: Answer
    repeat: bool = False


def _prose(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text.strip()))


def _json(text: str) -> tuple[str, ...]:
    return tuple(_JSON_TOKEN.findall(text))


_FILE = """
Of course. This is what I have on file for customer 2041:

- E-mail: ada.sample@mail.example.com
- Phone: +1 (212) 555-0123, or 020 7946 0958 from London
- Card: 4111 1111 1111 1111
- SSN: 078-05-1126
- IBAN: DE89 3704 0044 0532 0130 00
- Last sign-in from 192.0.2.44 on https://shop.example.com/a/2041?token=f00ba7

She ordered 3 books and 12 pencils, 59.90 in total, and asked for gift wrapping. \
Shall I write to ada.sample@mail.example.com that the parcel is on its way?
"""

# The @ and the letters outside ASCII travel as \uXXXX, and every such escape is cut in two.
_ARGUMENTS = (
    '{"to": "ada.sample\\u0040mail.example.com", "subject": "Ihre B\\u00fccher", '
    '"body": "Guten Tag, wir haben 59.90 von Karte 4111 1111 1111 1111 abgebucht. '
    'R\\u00fcckfragen: +1 (212) 555-0123 oder caf\\u00e9\\u0040shop.example.com.", '
    '"priority": 2}'
)

_BROKEN = """
A stream is a promise kept one token at a time. The server sends what it has, the reader reads \
what has come, and both trust that the end will be marked. When the machine in between fails, \
nothing marks the end: the text just stops, and a reader could take half an answer for a whole one.
"""

_SLOW = """
I had to think about this. Silence is the hardest thing to send: every proxy on the way keeps a \
timer and closes the line when nobody speaks for a minute. A comment line now and then keeps all \
of them patient, and the reader's client skips it without a word.
"""

_TWICE = """
Because it was paid for once. The first answer leaves the model token by token and is written down \
on its way out, after the guards have seen it. When the same person sends the same request again, \
the same bytes are there already, and the model can rest.
"""

_LONG = """
The lighthouse keeper's day begins before the light goes out. He climbs the stairs with a can of \
oil, trims the wick, winds the clockwork, and writes the weather into a book that nobody has asked \
to see for years. Then he polishes the lens, one prism after the other, from top to bottom, until \
the whole lamp looks like a drop of water about to fall.

In the morning he mends nets. At noon he eats on the gallery, his back against the warm stone, and \
counts the ships by their sails. He knows most of them. The captain of the mail boat waves, the \
fishermen do not, and the big steamers are too far out to see whether anybody waves at all.

In the afternoon he paints. There is always something to paint on a lighthouse: when the last door \
is done, salt has eaten the first one. He likes the smell, and the slow work, and the gulls that \
walk beside him as if they had come to check.

And when the sun is down to a hand above the sea, he climbs the stairs again, lights the lamp, and \
sits with it through the night, in case somebody out there should need to know where the land is.
"""

SCENES: tuple[Scene, ...] = (
    Scene(
        key="pii",
        title="Personal data",
        watch="Each secret arrives in several tokens. None gets out, not even its first piece.",
        prompt="What do you have on file for customer 2041?",
        answer=Answer(tokens=_prose(_FILE)),
    ),
    Scene(
        key="tool",
        title="Tool call",
        watch="Secrets inside JSON arguments, with the @ sent as \\u0040 and cut inside the "
        "escape. The arguments stay valid JSON.",
        prompt="Send the customer a note about the payment.",
        answer=Answer(tokens=_json(_ARGUMENTS), tool="send_email"),
    ),
    Scene(
        key="dies",
        title="Upstream dies",
        watch="The model closes the connection in mid-sentence. The reader gets an error that "
        "every client understands, not half an answer.",
        prompt="What is a stream?",
        answer=Answer(tokens=_prose(_BROKEN), dies_at=38),
    ),
    Scene(
        key="slow",
        title="Upstream is slow",
        watch="Seconds of silence. Heartbeats keep the line open; the answer does not change.",
        prompt="Think hard: what is the hardest thing to send?",
        answer=Answer(tokens=_prose(_SLOW), pauses={0: 4.4, 8: 2.6}),
    ),
    Scene(
        key="repeat",
        title="Same again",
        watch="The page asks twice. The second answer is the first, byte for byte, and the model "
        "is not asked.",
        prompt="Why should the same question not cost twice?",
        answer=Answer(tokens=_prose(_TWICE)),
        repeat=True,
    ),
    Scene(
        key="leave",
        title="Reader leaves",
        watch="Press Stop. The model stops at that very token, and no more is paid for.",
        prompt="Tell me a long story about a lighthouse.",
        answer=Answer(tokens=_prose(_LONG), pace=0.06),
    ),
)

_BY_PROMPT = {scene.prompt: scene.answer for scene in SCENES}


def answer_to(prompt: str) -> Answer:
    """Return the scene's answer; any other prompt is repeated, so that one can try one's own."""
    said = prompt.strip()
    if said in _BY_PROMPT:
        return _BY_PROMPT[said]
    quoted = said[:_MAX_ECHO] or "nothing"
    text = f"I am a script, not a model, so I can only repeat what I heard:\n\n{quoted}\n\n"
    return Answer(tokens=_prose(text + "Whatever was personal in it has not reached you."))
