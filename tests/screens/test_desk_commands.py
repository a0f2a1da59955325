"""What a desk asks for is stored once, answered in words, and never left hanging."""

import asyncio
import uuid
from functools import partial
from typing import Any

import pytest
from django.test import AsyncClient
from tests.screens.conftest import answer_command, written

from fernamt.core.errors import DomainError, FernamtError, TelephonyFault
from fernamt.exchange import orders as _orders  # noqa: F401 - for its errors
from fernamt.exchange import services
from fernamt.exchange.asterisk import connection as _connection  # noqa: F401 - for its errors
from fernamt.exchange.models import DeskCommand
from fernamt.people.models import Agent
from fernamt.screens.agent import desk as desk_views
from fernamt.screens.agent.requests import InvalidCommand, read_command
from fernamt.screens.messages import REFUSALS

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/arbeitsplatz/befehle"
Body = dict[str, Any]


def a_command(kind: str = "ready", **fields: Any) -> Body:
    return {"id": str(uuid.uuid4()), "kind": kind, **fields}


async def post(desk: AsyncClient, command: object) -> tuple[int, Body]:
    response = await desk.post(URL, command, content_type="application/json")
    return response.status_code, response.json()


async def asked_and_answered(
    desk: AsyncClient, command: Body, refusal: str = ""
) -> tuple[int, Body]:
    """Post *command* while a conductor answers it."""

    async def conductor() -> None:
        find = DeskCommand.objects.filter(pk=command["id"]).exists
        while not await written(find):
            await asyncio.sleep(0.01)
        await written(partial(answer_command, command["id"], refusal))

    answer, _ = await asyncio.gather(post(desk, command), conductor())
    return answer


async def test_an_accepted_command(desk: AsyncClient, mia: Agent) -> None:
    command = a_command("pause", reason="break")

    answer = await asked_and_answered(desk, command)

    assert answer == (200, {"accepted": True})
    stored = await written(partial(DeskCommand.objects.get, pk=command["id"]))
    assert (stored.agent_id, stored.kind, stored.facts) == (mia.pk, "pause", {"reason": "break"})


async def test_a_refusal_comes_in_german(desk: AsyncClient) -> None:
    status, answer = await asked_and_answered(desk, a_command("answer"), "call-gone")

    assert status == 409
    assert answer["code"] == "call-gone"
    assert "nicht mehr da" in answer["message"]


async def test_the_same_command_twice_is_one_command_with_one_answer(desk: AsyncClient) -> None:
    command = a_command("next")

    first = await asked_and_answered(desk, command, "outcome-missing")
    second = await post(desk, command)

    assert first == second
    assert await written(DeskCommand.objects.count) == 1


async def test_the_id_of_another_agents_command_is_refused(desk: AsyncClient) -> None:
    other = await written(partial(Agent.objects.create, name="Jonas"))
    command = a_command()
    give = partial(
        services.give_command,
        command_id=uuid.UUID(command["id"]),
        agent_id=other.pk,
        kind="ready",
        facts={},
    )
    await written(give)

    status, answer = await post(desk, command)

    assert (status, answer["code"]) == (409, "command-id-taken")


async def test_a_silent_conductor_is_told_after_a_while(
    desk: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_views, "PATIENCE_SECONDS", 0.2)

    status, answer = await post(desk, a_command())

    assert (status, answer["code"]) == (503, "exchange-silent")
    assert "Vermittlung" in answer["message"]


async def test_nobody_asks_without_a_session() -> None:
    response = await AsyncClient().post(URL, a_command(), content_type="application/json")

    assert response.status_code == 401
    assert response.json()["code"] == "session-expired"


async def test_a_command_from_another_site_is_refused(mia: Agent) -> None:
    stranger = AsyncClient(enforce_csrf_checks=True)
    assert mia.account is not None
    await stranger.aforce_login(mia.account)

    response = await stranger.post(URL, a_command(), content_type="application/json")

    assert response.status_code == 403
    assert response.json()["code"] == "request-not-ours"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (a_command("dance"), "kind"),
        (a_command("ready", extra=1), "extra"),
        ({"id": "1", "kind": "ready"}, "id"),
        ({"kind": "ready"}, "id"),
        (a_command("classify", outcome="abandoned"), "outcome"),
        (a_command("classify"), "outcome"),
        (a_command("classify", outcome=["answered"]), "outcome"),
        (a_command("pause", reason="tired"), "reason"),
        (a_command("sign_in"), "device"),
        (a_command("sign_in", device={"kind": "robot"}), "device.kind"),
        (a_command("sign_in", device={"kind": "external", "address": "110"}), "device.address"),
        (a_command("sign_in", device={"kind": "external"}), "device.address"),
        (a_command("sign_in", device={"kind": "browser", "secret": "x"}), "secret"),
        (a_command("test_call", line="hallo"), "line"),
        ("[]", ""),
        ("{", ""),
        ("null", ""),
        ('{"id": "' + "x" * 5000 + '"}', ""),
    ],
)
async def test_a_wrong_command_names_its_field_and_stores_nothing(
    desk: AsyncClient, command: object, field: str
) -> None:
    status, answer = await post(desk, command)

    assert status == 400
    assert answer["accepted"] is False
    assert answer.get("field", "") == field
    assert not await written(DeskCommand.objects.exists)


@pytest.mark.parametrize(
    ("command", "facts"),
    [
        (
            a_command("sign_in", device={"kind": "browser"}),
            {"device": {"kind": "browser", "address": ""}},
        ),
        (
            a_command("sign_in", device={"kind": "external", "address": "0170 1234567"}),
            {"device": {"kind": "external", "address": "+491701234567"}},
        ),
        (a_command("classify", outcome="answered"), {"outcome": "answered"}),
        (a_command("test_call", line="05371 82-370"), {"line": "+49537182370"}),
        (a_command("test_call"), {}),
        (a_command("pause"), {}),
    ],
)
def test_commands_are_stored_in_the_exchanges_own_words(command: Body, facts: Body) -> None:
    import msgspec  # noqa: PLC0415

    assert read_command(msgspec.json.encode(command)).facts == facts


def test_bytes_that_are_no_text_are_a_wrong_command() -> None:
    with pytest.raises(InvalidCommand):
        read_command(b"\xff\xfe{")


def test_everything_the_exchange_may_refuse_has_words() -> None:
    def below(family: type[FernamtError]) -> set[type[FernamtError]]:
        return {family}.union(*(below(child) for child in family.__subclasses__()))

    refusals = {
        error.code
        for family in (DomainError, TelephonyFault)
        for error in below(family) - {DomainError}
        if error.__module__.startswith(("fernamt.exchange", "fernamt.screens.agent"))
    }

    assert {"call-gone", "command-id-taken", "node-silent"} <= refusals
    assert refusals <= REFUSALS.keys()
