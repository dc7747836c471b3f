"""How hostile the wording of a sentence is: a word counter, not a model of language.

The weights are those of alt-profanity-check 1.9.1 (MIT, see ``wording.LICENSE``), a linear model of
single words trained on comments that people had labelled. ``wording.bin`` holds them without the
words: a CRC-32 of each stands in for it, so that no list of slurs lies here. Its five calibrated
classifiers are averaged into one, which moves a probability by 0.007 on average; scikit-learn is
not needed, and a sentence takes microseconds instead of milliseconds.

Three things are added: spellings that hide a word (``f*ck``, ``1diot``, ``s t u p i d``) are
undone; a few phrases count that no single word gives away ("kill yourself"); and the same word
weighs more in a sentence that says "you", which the weights do not cover: it is a stop word there.
"""

from __future__ import annotations

import math
import re
import struct
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zlib import crc32

__all__ = ["VERSION", "hostility", "suspicion"]

VERSION = "2"  # raise it when the same text would get another score

_TOKEN = re.compile(r"\b\w\w+\b")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_SPACED = re.compile(r"(?<!\w)[a-z](?:([ .\-_])[a-z])(?:\1[a-z]){2,}(?!\w)")
_DISGUISED = re.compile(r"[013457@$!](?=[a-z])|(?<=[a-z])[013457@$]")
_FACES = str.maketrans("013457@$!", "oieastasi")
# A vowel, or two letters in the middle, behind signs; what is left of the word must stand.
_HIDDEN = "*#%@$!-"
_MASKED = re.compile(
    rf"\b(?:(?P<f>f[{_HIDDEN}u]{{1,2}}c?k)|(?P<s>s[h{_HIDDEN}][{_HIDDEN}]t|sh[{_HIDDEN}]t)"
    rf"|(?P<b>b[{_HIDDEN}]tch)|(?P<c>c[{_HIDDEN}]nt)|(?P<a>a[{_HIDDEN}]{{2}}hole|@ss)"
    rf"|(?P<p>pr[{_HIDDEN}]ck)|(?P<w>wh[{_HIDDEN}]re)|(?P<d>d[{_HIDDEN}]ck))"
)
_PLAIN = {
    "f": "fuck", "s": "shit", "b": "bitch", "c": "cunt",
    "a": "asshole", "p": "prick", "w": "whore", "d": "dick",
}  # fmt: skip
_SHORT = {
    "stfu": "shut fuck", "gtfo": "fuck", "kys": "kill yourself loser",
    "fck": "fuck", "fcking": "fucking", "phuck": "fuck",
}  # fmt: skip
_SHORTHAND = re.compile(rf"\b(?:{'|'.join(_SHORT)})\b")

_HARM = r"(?:kill|murder|hurt|stab|shoot|strangle|beat|punch|find|destroy)"
_GROUP = r"(?:you|your\ (?:kind|family|people)|they|th[eo]se\ people|people\ like\ (?:you|him|her))"
_PHRASES = re.compile(
    rf"""\b(?:
      (?:kill|hang|shoot|drown)\ yourself
    | (?:will|'ll|going\ to|gonna|want\ to|wanna)\ (?:\w+\ )?{_HARM}
      \ (?:you|your\ family|them\ all)\b
      (?!\ (?:a|an|the|some|out|later|soon|on|in|at|with)\b)
    | (?:hope|wish)\ (?:that\ )?(?:you|they|he|she)\ (?:all\ )?
      (?:die|choke|suffer|get\ cancer|rot|bleed)
    | {_GROUP}\ (?:all\ )?(?:deserve|ought|should|need)(?:\ to)?\ (?:be\ )?
      (?:die|dead|shot|hanged|killed|wiped|beaten|suffer|raped|disappear)
    | (?:are|is)\ (?:all\ )?(?:vermin|parasites|cockroaches|subhuman|savages|filth|scum)\b
    | (?:nobody|no\ one)\ (?:would\ miss|will\ ever\ love|wants)\ you\b
    )""",
    re.VERBOSE,
)
_PHRASE_WEIGHT = 4.5  # with no hostile word beside it, a phrase gives about 0.6
_ADDRESSED = re.compile(r"\b(?:you|your|yours|yourself|u|ur)\b")
_ADDRESSED_WEIGHT, _OTHER_WEIGHT = 0.7, -1.0

# What makes a sentence worth a look, though its words are harmless: it names a group of people
# (those of Jigsaw's data on unintended bias, and who comes from elsewhere), or says what should
# become of somebody. Set on toxicity_sentences.tsv, measured on toxicity_held_out.tsv.
_GROUPS = re.compile(
    r"""\b(?:
      wom[ae]n | females? | girls | men | males? | trans(?:gender)? | gays? | lesbians? | queers?
    | homo(?:sexual)?s? | bisexuals? | christians? | catholics? | jew(?:s|ish)? | muslims? | islam
    | hindus? | buddhists? | atheists? | blacks? | whites? | asians? | latin[oa]s? | africans?
    | arabs? | gyps(?:y|ies) | roma | immigrants? | migrants? | refugees? | foreigners?
    | disabled | autistic | retard(?:ed|s)? | race | religion | nation
    | (?:th[eo]se|you|such|that\ kind\ of|of\ your|sort\ of|old|poor|white|black)\ (?:people|folks?)
    | people\ like | your\ (?:kind|sort|lot) | (?:his|her|their)\ kind
    )\b""",
    re.VERBOSE,
)
_SOMEBODY = re.compile(
    r"\b(?:you|your|yourself|he|him|his|she|her|they|them|their|people|th[eo]se|nobody|somebody"
    r"|everyone|everybody)\b"
)
_DEMAND = re.compile(
    r"\b(?:should|ought|deserves?|wish|hope|will|won't|going to|must|better|never)\b|'ll\b"
)
_GROUP_WEIGHT, _DEMAND_WEIGHT = 2.0, 1.0


class _Weights(NamedTuple):
    """Of a word: how rare it is, and how far it speaks for hostility."""

    words: dict[int, tuple[float, float]]
    bias: float


@cache
def _weights() -> _Weights:
    data = (files(__name__.rpartition(".")[0]) / "wording.bin").read_bytes()
    count, bias = struct.unpack_from("<Id", data)
    at = struct.calcsize("<Id")
    words = struct.unpack_from(f"<{count}I", data, at)
    rarity = struct.unpack_from(f"<{count}e", data, at + 4 * count)
    weight = struct.unpack_from(f"<{count}e", data, at + 6 * count)
    return _Weights(dict(zip(words, zip(rarity, weight, strict=True), strict=True)), bias)


def hostility(text: str) -> float:
    """Return from 0 to 1 how hostile the wording of a sentence is."""
    return _share(_hostile(_folded(text)))


def suspicion(text: str) -> float:
    """Return from 0 to 1 how far a sentence deserves a look; never less than :func:`hostility`.

    It is 1 where most words are unknown, as in another language. Being no verdict, it also counts
    what clean sentences have as well: that they name a group of people, or demand something.
    """
    plain = _folded(text)
    _, known, words = _logit(plain)
    if 2 * known < words:
        return 1.0
    odds = _hostile(plain)
    if _GROUPS.search(plain):
        odds += _GROUP_WEIGHT
    if _SOMEBODY.search(plain) and _DEMAND.search(plain):
        odds += _DEMAND_WEIGHT
    return _share(odds)


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _hostile(plain: str) -> float:
    """Return the log-odds that a folded text is hostile."""
    phrases = _PHRASE_WEIGHT if _PHRASES.search(plain) else 0.0
    score = _logit(plain)[0]
    bare = _unmasked(plain)
    if bare != plain:
        score = max(score, _logit(bare)[0])
        phrases = phrases or (_PHRASE_WEIGHT if _PHRASES.search(bare) else 0.0)
    aim = _ADDRESSED_WEIGHT if _ADDRESSED.search(bare) else _OTHER_WEIGHT
    return score + phrases + aim


def _logit(text: str) -> tuple[float, int, int]:
    """Return the log-odds of a text, how many of its words are known, and how many it has."""
    table, bias = _weights()
    found: dict[int, int] = {}
    tokens = _TOKEN.findall(text)
    for token in tokens:
        key = crc32(token.encode("utf-8", "replace"))
        if key in table:
            found[key] = found.get(key, 0) + 1
    total = norm = 0.0
    for key, count in found.items():
        rarity, weight = table[key]
        norm += (count * rarity) ** 2
        total += count * rarity * weight
    odds = bias + (total / math.sqrt(norm) if norm else 0.0)
    return odds, sum(found.values()), len(tokens)


def _folded(text: str) -> str:
    """Return a text in lower case, without accents, look-alikes and invisible characters."""
    text = text.lower()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    return "".join(one for one in apart if not unicodedata.combining(one)).lower()


def _unmasked(text: str) -> str:
    text = _MASKED.sub(lambda match: _PLAIN[match.lastgroup or "f"], text)
    text = _DISGUISED.sub(lambda match: match[0].translate(_FACES), text)
    text = _SPACED.sub(lambda match: match[0].replace(match[1], ""), text)
    text = _REPEATED.sub(r"\1", text)
    return _SHORTHAND.sub(lambda match: _SHORT[match[0]], text)
