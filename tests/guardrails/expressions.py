"""A small grammar of regular expressions, and texts that they match in."""

from __future__ import annotations

from hypothesis import strategies as st

CHARACTERS = ("a", "b", "k", "1", " ", ".", r"\d", r"\w", r"\s", "[ab]", "[^a]", "[a-c1]", r"\W", "\\.")  # fmt: skip
REPEATS = ("*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{1,3}?", "*+", "++")
EDGES = (r"\b", r"\B", "^", "$", "(?=a)", "(?!a)", "(?<=a)", r"(?<!\w)", r"(?!\w)", r"\A", r"\Z")


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(REPEATS)).map(lambda two: f"(?:{two[0]}){two[1]}"),
        st.tuples(inner, st.sampled_from(EDGES), inner).map("".join),
        st.tuples(inner, st.sampled_from(("=", "!", "<=", "<!")), inner).map(
            lambda three: f"{three[0]}(?{three[1]}{three[2]})"
        ),
        st.tuples(inner, inner).map(lambda two: rf"(?P<g>{two[0]})(?P=g){two[1]}"),
        inner.map(lambda one: f"(?>{one})"),
    )


_leaves = st.sampled_from(CHARACTERS)
_branches = st.one_of(_leaves, _more(_leaves))
expressions = st.one_of(_branches, _more(_branches))
texts = st.text("aaabbck1  \n.-ßſK\u200b", max_size=40)  # noqa: RUF001
