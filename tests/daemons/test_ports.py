"""Which ports an installation takes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fernamt.daemons import ports
from fernamt.daemons.configuration import Configuration, load
from fernamt.daemons.ports import Claims, PortTaken


def configured(home: Path, **settings: int | str) -> Configuration:
    given = {f"FERNAMT_{name.upper()}": str(value) for name, value in settings.items()}
    return load({"FERNAMT_HOME": str(home)} | given)


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def claims() -> Iterator[Claims]:
    made = Claims("127.0.0.1")
    yield made
    made.release()


def test_a_named_port_that_is_busy_is_an_error_that_names_the_setting(
    tmp_path: Path, claims: Claims
) -> None:
    with taken(socket.SOCK_STREAM) as port:
        configuration = configured(tmp_path, web_port=port)

        with pytest.raises(PortTaken, match=f"{port}.*web_port"):
            ports.choose(configuration, claims, telephony=False)


@pytest.mark.parametrize("setting", ["sip_port", "capture_port"])
def test_a_busy_udp_port_is_noticed_too(tmp_path: Path, claims: Claims, setting: str) -> None:
    with taken(socket.SOCK_DGRAM) as port:
        configuration = configured(tmp_path, **{setting: port})

        with pytest.raises(PortTaken, match=setting):
            ports.choose(configuration, claims, telephony=True)


def test_two_installations_that_start_at_the_same_moment_get_different_ports(
    tmp_path: Path, claims: Claims
) -> None:
    first = ports.choose(configured(tmp_path / "a"), claims, telephony=True)

    second = ports.choose(configured(tmp_path / "b"), claims, telephony=True)

    assert first.web_port != second.web_port
    assert first.sip_port != second.sip_port
    assert first.http_port != second.http_port
    assert first.capture_port != second.capture_port
    assert first.rtp_ports[1] < second.rtp_ports[0] or second.rtp_ports[1] < first.rtp_ports[0]


def test_a_default_that_had_to_move_stays_where_it_is(tmp_path: Path, claims: Claims) -> None:
    ports.choose(configured(tmp_path / "a"), claims, telephony=True)
    moved = ports.choose(configured(tmp_path / "b"), claims, telephony=True)
    claims.release()

    found = configured(tmp_path / "b")

    assert found.web_port == moved.web_port
    assert found.rtp_ports == moved.rtp_ports
    assert str(moved.web_port) in found.web_url
    assert str(moved.sip_port) in found.nodes[0].sip


def test_asterisks_ports_do_not_matter_in_a_rehearsal(tmp_path: Path, claims: Claims) -> None:
    with taken(socket.SOCK_DGRAM) as port:
        configuration = configured(tmp_path, sip_port=port)

        chosen = ports.choose(configuration, claims, telephony=False)

    assert chosen.sip_port == port
