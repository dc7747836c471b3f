"""The script itself: it must cut what the guards have to put together again."""

from __future__ import annotations

import json

import pytest

from streamward.demo.scenes import SCENES, answer_to

SECRETS = (
    "ada.sample@mail.example.com",
    "4111 1111 1111 1111",
    "078-05-1126",
    "DE89 3704 0044 0532 0130 00",
)
TOOL = next(scene.answer for scene in SCENES if scene.key == "tool")


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_cut_into_several_tokens(secret: str) -> None:
    answer = next(scene.answer for scene in SCENES if scene.key == "pii")

    assert secret in "".join(answer.tokens)
    assert not any(secret in token for token in answer.tokens)


def test_every_escape_of_the_tool_call_is_cut() -> None:
    ends = [token for token in TOOL.tokens if token.startswith("\\u")]

    assert len(ends) == 5
    assert all(len(token) < 6 for token in ends)


def test_the_tool_call_is_json() -> None:
    assert json.loads("".join(TOOL.tokens))["to"] == "ada.sample@mail.example.com"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.key)
def test_a_prompt_calls_for_its_answer(scene) -> None:
    assert answer_to(f" {scene.prompt}\n") is scene.answer


@pytest.mark.parametrize("prompt", ["", "hello", "x" * 10_000])
def test_any_other_prompt_is_repeated(prompt: str) -> None:
    said = "".join(answer_to(prompt).tokens)

    assert (prompt[:2000] or "nothing") in said
    assert len(said) < 2300
