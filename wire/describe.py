"""A dialect in a few lines: where its text is, what closes a channel, how it ends and fails.

For streams whose frames carry JSON. What a description does not mention is looked at all the same,
as text of unknown shape: what is forgotten costs a join over frames, never a look.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256

from .described import DescribedReader
from .dialect import Dialect, Hint, Signs
from .errors import ConfigurationError
from .place import Mark
from .plan import Plan
from .rules import Rules

__all__ = ["Description"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description(Rules):
    """Describes a dialect whose frames are JSON; ``dialect()`` makes it one.

    Places (``choices[].text``) and marks (``type=end|stop``, ``@event=done``, ``@data=[DONE]``) are
    written as the how-to page *Add a dialect* explains.

    Attributes:
        name: as the report and the documentation call it.
        claims: marks of a first frame, one of which is enough for it to be of this dialect.
        says: the texts that come in pieces.
        closes: the frames that end channels.
        in_turn: True where a text of another kind ends what the same keys said before.
        done: the mark of the end; empty where only the transfer ends.
        stops: the mark of the other ends, which are no good ones and no errors either.
        resumes: as in :class:`Signs`.
        fails: the mark of an error of the upstream's own.
        unreadable: the mark of frames that carry text in a form that no guard can read.
        finish: the place where a reason for the end stands, if one does.
        good: the reasons that make a whole answer.
        usage: the places of the tokens read and written.
        error: the frames that tell a client of a problem.
        refusal: the frames that end an answer that a guard blocked; empty: those of an error.
        hides: what gives the text away in another form.
        repeats: the places of what says again what was said; it is not counted twice.
        arguments: names under which the arguments of a tool stand, beside the usual ones.
        alone: names, beside the usual ones, whose values are identifiers and stay as they are.
        read: names that hold identifiers elsewhere (``status``), and here text or more.
        foreign: names, beside the usual ones, of what tools and applications say under names of
            their own: below them nothing counts as an identifier.
        framing: how its bytes are cut.
        paths: as in :class:`Dialect`.
        header: as in :class:`Dialect`.
        heartbeat: as in :class:`Dialect`.
        heartbeat_after_id: as in :class:`Dialect`.
        cut: as in :class:`Dialect`; False needs an ``error``.

    Raises:
        ConfigurationError: a place or a mark that is not written as one, no name, or no claim; or
            an answer that breaks would end without a word.
    """

    name: str
    claims: tuple[str, ...]
    paths: tuple[str, ...] = ()
    header: tuple[str, str] | None = None
    heartbeat: bytes = b": ping\n\n"
    heartbeat_after_id: bool = True
    cut: bool = True

    def __post_init__(self) -> None:
        if not self.name or not self.claims:
            raise ConfigurationError("a Description needs a name, and a mark that claims a frame")
        if not self.cut and not self.error:
            raise ConfigurationError("cut=False needs an error: nothing else would tell of it")
        self.dialect()

    def dialect(self) -> Dialect:
        """Return the row that reads and writes such streams."""
        plan = Plan(self)
        marks = [Mark(claim) for claim in self.claims]

        def claims(hint: Hint) -> bool:
            return any(mark.holds(hint.frame, hint.value) for mark in marks)

        return Dialect(
            name=self.name,
            framing=self.framing,
            reader=lambda: DescribedReader(plan),
            claims=claims,
            paths=self.paths,
            header=self.header,
            heartbeat=self.heartbeat,
            heartbeat_after_id=self.heartbeat_after_id,
            cut=self.cut,
            fingerprint=self._fingerprint(),
            signs=Signs(claims=self.claims, ends=self._ends(), resumes=self.resumes),
        )

    def _ends(self) -> str:
        """Return the mark of the frames that a stream may end with, if there are such frames."""
        ways = (self.done or self.finish, self.stops, self.fails)
        return ";".join((*filter(None, ways), "@data=[DONE]")) if any(ways[:2]) else ""

    def _fingerprint(self) -> str:
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        said["framing"] = self.framing.name
        return sha256(repr(said).encode()).hexdigest()
