"""The transition table: every state met by every event, written out by hand."""

from pathlib import Path

import pytest

from fernamt.exchange.life.diagram import EVENTS, STATES, Transition, page, transitions

# One row a state; one letter an event, in the order of EVENTS:
#   .  nothing comes of it (old news)      x  impossible
#   A Arrived  N Announced  G Greeted  Q Queued  R Ringing  T Talking
#   C Reconnecting  W WrappingUp  E Ended  (a capital letter: that state, with an effect)
LETTERS = {
    "A": "Arrived",
    "N": "Announced",
    "G": "Greeted",
    "Q": "Queued",
    "R": "Ringing",
    "T": "Talking",
    "C": "Reconnecting",
    "W": "WrappingUp",
    "E": "Ended",
}
EXPECTED = {
    "Unheard": "AxxxxEExxxxxxxxxxxxxxxxxx",
    "Arrived": "xGQNExxxxxxxxxxxExxxxxxxE",
    "Announced": "xxxxxxxExxxxxxxxExxxxxxxE",
    "Greeted": "xxxxxxxQxxxxxxxxExxxxxxxE",
    "Queued": "xxxxxxx.RQQ.....E..x.xxxE",
    "Ringing": "xxxxxxx.xTRQQQQ.EQQx.xxxE",
    "Talking": "xxxxxxx.x.T.....WWCC.TxxE",
    "Reconnecting": "xxxxxxx.xTC.....WW.CQCxxE",
    "WrappingUp": "xxxxxxx.xWW........x.WxE.",
    "WrappingUp, classified": "xxxxxxx.xWW........x.WEE.",
    "Ended": ".........................",
}


def letter_of(transition: Transition) -> str:
    if transition.after is None:
        return "x"
    if not transition.happens:
        return "."
    name = type(transition.after).__name__
    return next(letter for letter, state in LETTERS.items() if state == name)


@pytest.mark.parametrize("state", STATES)
def test_every_event_does_in_every_state_what_the_table_says(state: str) -> None:
    letters = "".join(letter_of(row) for row in transitions() if row.state == state)

    assert dict(zip(EVENTS, letters, strict=True)) == dict(
        zip(EVENTS, EXPECTED[state], strict=True)
    )


def test_the_page_in_the_manual_is_drawn_from_the_code() -> None:
    drawn = Path(__file__).parents[3] / "docs" / "call-life.md"

    assert drawn.read_text() == page(), (
        "python -m fernamt.exchange.life.diagram > docs/call-life.md"
    )
