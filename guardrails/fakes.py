"""Made-up values in place of findings: the text stays readable, and means nobody."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

from ..wire.errors import ConfigurationError, MissingExtraError
from .action import Kind, check_key, key_digest, opened_key
from .fake_values import FAKED, same_value
from .lookalikes import LookAlikes
from .settings import described

if TYPE_CHECKING:
    from faker import Faker

__all__ = ["Fake"]

_VERSION = "1"  # raise it when the same value would become another
# A short list of values may give the original itself; then the next one is drawn.
_DRAWS = 16


class _Source:
    """Fakers of one locale, seeded for each value: as many as threads ever drew at one time.

    One takes 50 ms to make, so that the first is made with the action.
    """

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._idle = deque([_faker(locale)])  # whose pop and append are safe between threads

    def draw(self, seed: bytes, make: Callable[[Faker], str]) -> str:
        """Return the value that belongs to a seed."""
        try:
            faker = self._idle.pop()
        except IndexError:
            faker = _faker(self._locale)
        try:
            faker.seed_instance(int.from_bytes(seed))
            return make(faker)
        finally:
            self._idle.append(faker)


def _faker(locale: str) -> Faker:
    try:
        from faker import Faker
    except ImportError as error:
        raise MissingExtraError("fake", "Fake()") from error
    try:
        return Faker(locale)
    except AttributeError as error:
        raise ConfigurationError(
            f"Fake(locale={locale!r}): Faker has no such locale: write one such as 'de_DE'"
        ) from error


_source = cache(_Source)


@dataclass(frozen=True, slots=True)
class Fake:
    """Write a made-up value of the same kind: the same value gives the same one.

    The values are nobody's: addresses and domains set aside for examples, fictional telephone
    numbers, card numbers and IBANs with a wrong checksum, other numbers that nobody issues. Names
    of people, places and firms are put together from lists; someone may bear them, who has nothing
    to do with the text. Two values may get the same made-up one, above all where there are few: 256
    of ``MAC_ADDRESS``, 762 of ``IP_ADDRESS``.

    A kind for which there is nothing to draw from, such as ``"UNDECIDED"`` or ``"NRP"``, becomes
    ``<NRP>``.

    Args:
        key: at least 16 bytes that only you know: a value becomes the same in every stream.
            Default: a new random key for each stream, so that a value becomes the same within it,
            and nobody can link two streams.
        locale: of names and places, as Faker writes it; default ``"en_US"``.
        values: for kinds that are missing or should differ: a function that takes a seeded
            :class:`faker.Faker` and returns a value.
        version: of the functions in ``values``, for the fingerprint. Raise it when they change.

    Raises:
        ConfigurationError: the key is shorter than 16 bytes, or Faker does not know the locale.
        MissingExtraError: Faker is not installed.
    """

    key: bytes | None = field(default=None, repr=False)
    _: KW_ONLY
    locale: str = "en_US"
    values: Mapping[str, Callable[[Faker], str]] = field(
        default_factory=dict[str, "Callable[[Faker], str]"], hash=False
    )
    version: str = ""
    kind: Kind = field(default="edit", init=False)

    def __post_init__(self) -> None:
        check_key("Fake", self.key)
        _source(self.locale)

    def opened(self) -> Fake:
        """Return the action for one stream: itself, or one with a random key."""
        if self.key is not None:
            return self
        key = secrets.token_bytes(32)
        return Fake(key, locale=self.locale, values=self.values, version=self.version)

    def apply(self, text: str, entity: str) -> str:
        """Return a made-up value; never the value itself.

        Raises:
            ConfigurationError: there is no key, and the action was not opened for a stream.
        """
        key = opened_key("Fake", self.key)
        looks = LookAlikes()
        plain = looks.plain(text) + looks.finish()
        value = same_value(plain, entity)
        if make := self._maker(entity, plain):
            for draw in range(_DRAWS):
                seed = hmac.digest(key, repr((entity, value, draw)).encode(), "sha256")
                made = _source(self.locale).draw(seed, make)
                if same_value(made, entity) != value:
                    return made
        return f"<{entity}>"

    def fingerprint(self) -> str:
        """Return the name and the settings; of the key only a digest, if there is one."""
        parts = {
            "key": key_digest("fake", self.key),
            "locale": self.locale,
            "values": [(one, described(self.values[one], "")) for one in sorted(self.values)],
            "version": self.version,
            "faker": installed("faker"),
            "made": _VERSION,
        }
        return f"fake:{parts!r}"

    def _maker(self, entity: str, plain: str) -> Callable[[Faker], str] | None:
        own, known = self.values.get(entity), FAKED.get(entity)
        if own is not None or known is None:
            return own
        return lambda faker: known(faker, plain)
