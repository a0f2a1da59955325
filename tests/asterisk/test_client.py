"""The generated client, and the connection that speaks it."""

import pytest

from fernamt.exchange.asterisk import generate
from fernamt.exchange.asterisk.ari import requests
from fernamt.exchange.asterisk.connection import Connection, NodeUnreachable, RequestRefused
from fernamt.exchange.asterisk.settings import NodeAddress

from .conftest import Exchange

pytestmark = pytest.mark.asterisk


def test_the_client_is_what_the_generator_makes_of_asterisks_descriptions(
    exchange: Exchange,
) -> None:
    made = generate.generate(exchange.program.descriptions)

    assert made == {name: (generate.DESTINATION / name).read_text() for name in made}


async def test_many_requests_are_under_way_at_once(exchange: Exchange) -> None:
    async with exchange.asked() as connection:
        answers = [await connection.send(requests.asterisk_ping()) for _ in range(100)]

        assert {(await answer).ping for answer in answers} == {"pong"}


async def test_a_refusal_says_what_asterisk_said(exchange: Exchange) -> None:
    async with exchange.asked() as connection:
        with pytest.raises(RequestRefused) as refusal:
            await connection.ask(requests.channels_get(channel_id="nobody"))

    assert refusal.value.status == 404
    assert "Channel not found" in refusal.value.message


async def test_without_a_connection_nothing_is_asked() -> None:
    connection = Connection(
        NodeAddress(name="away", http="http://127.0.0.1:9", password=""), user="fernamt"
    )

    with pytest.raises(NodeUnreachable):
        await connection.ask(requests.asterisk_ping())
