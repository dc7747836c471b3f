"""What is sealed opens under its name with its key, unchanged, or not at all."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.cache import Encryption
from streamward.errors import ConfigurationError, CorruptRecordingError, MissingExtraError

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
ENTRY = b"n" * 32
SEALED = Encryption([OLD]).seal(ENTRY, b"some text")

keys = st.binary(min_size=32, max_size=32)


@given(st.lists(keys, min_size=1, max_size=3, unique=True), st.binary(), st.binary())
def test_round_trip(keys: list[bytes], entry: bytes, data: bytes) -> None:
    encryption = Encryption(keys)
    sealed = encryption.seal(entry, data)

    assert encryption.open(entry, sealed) == data
    assert len(sealed) == len(data) + 42
    assert encryption.seal(entry, data) != sealed  # another nonce


@given(st.binary(min_size=8), st.binary(min_size=8))
def test_nothing_can_be_read(entry: bytes, data: bytes) -> None:
    sealed = Encryption([OLD]).seal(entry, data)

    assert data not in sealed
    assert entry not in sealed
    assert OLD[:4] not in sealed


def test_the_first_key_seals_and_each_opens() -> None:
    both, new = Encryption([NEW, OLD]), Encryption([NEW])

    assert both.open(ENTRY, SEALED) == b"some text"
    assert new.open(ENTRY, both.seal(ENTRY, b"later")) == b"later"
    with pytest.raises(CorruptRecordingError):
        new.open(ENTRY, SEALED)
    with pytest.raises(CorruptRecordingError):
        Encryption([OLD]).open(ENTRY, both.seal(ENTRY, b"later"))


@given(st.binary(), st.binary())
def test_what_was_moved_to_another_name_does_not_open(one: bytes, other: bytes) -> None:
    encryption = Encryption([OLD])
    if one != other:
        with pytest.raises(CorruptRecordingError):
            encryption.open(other, encryption.seal(one, b"x"))


@pytest.mark.parametrize("index", range(len(SEALED)))
def test_any_changed_byte_is_noticed(index: int) -> None:
    data = bytearray(SEALED)
    for byte in set(range(256)) - {SEALED[index]}:
        data[index] = byte
        with pytest.raises(CorruptRecordingError):
            Encryption([NEW, OLD]).open(ENTRY, bytes(data))


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_any_missing_or_further_byte_is_noticed(length: int) -> None:
    for data in (SEALED[:length], SEALED[length + 1 :], SEALED + SEALED[: length + 1]):
        with pytest.raises(CorruptRecordingError):
            Encryption([OLD]).open(ENTRY, data)


@given(st.binary() | st.binary().map(lambda tail: SEALED[:14] + tail))
def test_arbitrary_bytes_do_not_open(data: bytes) -> None:
    with pytest.raises(CorruptRecordingError):
        Encryption([OLD]).open(ENTRY, data)


@pytest.mark.parametrize(
    "keys",
    [[], [b""], [OLD, b"short"], [bytes(16)], [bytes(33)], OLD, "0" * 32, [OLD.hex()], [OLD, OLD]],
    ids=["none", "empty", "short", "AES-128", "long", "bare", "text", "hex", "twice"],
)
def test_keys_that_cannot_work(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32") as caught:
        Encryption(keys)

    assert OLD.hex() not in str(caught.value)


def test_the_representation_shows_no_key() -> None:
    assert repr(Encryption([OLD])) == "Encryption()"


def test_later_changes_to_the_list_do_not_count() -> None:
    given = [OLD]
    encryption = Encryption(given)
    given[0] = NEW

    assert encryption == Encryption((OLD,))
    assert encryption.open(ENTRY, SEALED) == b"some text"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    monkeypatch.delitem(sys.modules, "streamward.cache.aead", raising=False)
    with pytest.raises(MissingExtraError, match=r"streamward\[encryption\]") as caught:
        Encryption([OLD])

    assert caught.value.extra == "encryption"
