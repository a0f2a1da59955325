"""Everything that people read exists in German and English."""

import string
from typing import get_args

import pytest
from tools import catalogues

from fernamt.exchange.life.events import Event
from fernamt.screens.messages import STEPS


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_catalogue_is_complete_and_holds_nothing_else(language: str) -> None:
    catalogue = catalogues.read(language)

    translated = {
        tuple(message.id) if isinstance(message.id, list | tuple) else message.id
        for message in catalogue
        if message.id and message.string and all(message.string) and not message.fuzzy
    }

    assert translated == set(catalogues.messages())


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_placeholders_survive_translation(language: str) -> None:
    for message in catalogues.read(language):
        if message.id and message.python_format:
            assert not list(message.check()), message.id
        for original, words in _pairs(message.id, message.string):
            assert _fields(original) == _fields(words), original


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    compiled = catalogues.po_file(language).with_suffix(".mo").read_bytes()

    assert compiled == catalogues.compiled(catalogues.read(language))


def _pairs(original: object, words: object) -> list[tuple[str, str]]:
    if isinstance(original, str) and isinstance(words, str):
        return [(original, words)] if original else []
    return []


def _fields(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return set()


def test_everything_that_can_happen_to_a_call_has_words() -> None:
    assert {event.__name__ for event in get_args(Event)} <= STEPS.keys()
