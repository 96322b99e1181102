"""Remote rungs by configuration: what is understood, and what is said of what is not."""

import json

import pytest

from conversations.inference.remote_rungs import BadRemoteRung, order, parse
from portal.conf import secret

VLLM = {"name": "vllm", "url": "https://llm.example.com/v1", "model": "llama-70b"}


def test_rungs_take_the_places_that_they_name() -> None:
    spare = {**VLLM, "name": "spare", "url": "http://10.0.0.7:8080/v1", "slots": 4}
    best = {**VLLM, "name": "best", "above": "gpu", "key": "LLM_KEY"}
    rungs = parse(json.dumps([VLLM, spare, best]))
    assert order(rungs) == ("best", "gpu", "vllm", "spare", "cpu")
    assert order(()) == ("gpu", "cpu")
    assert order((), scripted=True)[0] == "scripted"
    assert parse("  ") == ()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("{]", "no JSON"),
        ('{"name": "x"}', "a JSON list"),
        ([{**VLLM, "name": "cpu"}], "taken"),
        ([{**VLLM, "name": "Big One"}], "taken or unusable"),
        ([{**VLLM, "url": "llm.example.com"}], "https://host/v1"),
        ([{**VLLM, "url": "https://me:pw@llm.example.com/v1"}], "name it as key"),
        ([{**VLLM, "slots": 0}], "above 0"),
        ([{**VLLM, "slots": "many"}], "slots cannot be 'many'"),
        ([{**VLLM, "speed": 1}], "unknown speed"),
        ([{"name": "x", "url": "https://x/v1"}], "model missing"),
        ([{**VLLM, "above": "nothing"}], "above must name"),
        ([VLLM, VLLM], "the same name"),
    ],
)
def test_a_wrong_setting_says_what_to_write(setting: object, why: str) -> None:
    text = setting if isinstance(setting, str) else json.dumps(setting)
    with pytest.raises(BadRemoteRung, match=why):
        parse(text)


def test_a_key_is_read_from_the_variable_that_is_named() -> None:
    assert secret("LLM_KEY", {"LLM_KEY": " sesame "}) == "sesame"
    assert secret("", {"": "x"}) == secret("OTHER", {}) == ""
