"""The hold, fuzzed: any guards, any text, any pieces. See `make soak`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.guard import SECRET
from support.secrets import SECRETS, cuts, pieces

from soak.checks import GUARDS, check_hold
from soak.texts import text

TELLING = (
    *("".join(both) for both in SECRETS.values()),
    *(SECRET, "AB-123", "CD-12", "blue birds", "Bluebird", "STRASSE", "no!! ", "What? ", ". "),
    *("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "AKIAIOSFODNN7EXAMPLE"),
    *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "postgres://u:p@h/db", "ghp_" + "a1B2" * 9),
    *("a@", "1.", "::", "%40", "%3", "\u200b", "\u00ad", "\uff11", "x/", "\n", " ", "e\u0301", "İ"),
)
LOOSE = st.lists(st.sampled_from(TELLING) | st.text(max_size=6), max_size=12).map("".join)
MADE = st.builds(lambda number: text(0, number)[1][:300], st.integers(0, 1 << 32))
TEXTS = LOOSE | MADE


@given(st.data(), st.sets(st.sampled_from(GUARDS), min_size=1, max_size=3).map(sorted))
def test_any_text_in_any_pieces_is_decided_as_the_whole(data, chosen):
    whole = data.draw(TEXTS)
    if chance := data.draw(st.none() | st.randoms(use_true_random=False)):
        at = [i for i in range(1, len(whole)) if chance.random() < 0.5]
    else:
        at = data.draw(cuts(len(whole), 8))

    check_hold(pieces(whole, at), chosen)
