"""Who signs in comes to their work; who guesses is kept out."""

import pytest
from django.conf import settings
from django.test import Client

from fernamt.exchange.models import AgentPresence, DeskCommand
from fernamt.people.models import Account, Agent, Role

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "ein langes Passwort"


@pytest.mark.parametrize(
    ("role", "page"),
    [(Role.AGENT, "/arbeitsplatz/"), (Role.SUPERVISOR, "/anrufe/"), (Role.OPERATOR, "/anrufe/")],
)
def test_everybody_comes_to_the_page_of_their_work(role: Role, page: str) -> None:
    account = Account.objects.create_user("jemand", PASSWORD, name="Jemand", role=role)
    Agent.objects.create(account=account, name="Jemand")
    client = Client()

    response = client.post("/anmelden", {"username": "jemand", "password": PASSWORD}, follow=True)

    assert response.status_code == 200
    assert response.redirect_chain[-1][0] == page


def test_after_signing_in_one_is_where_one_wanted_to_be(mia: Agent) -> None:
    client = Client()

    response = client.post(
        "/anmelden?next=/arbeitsplatz/",
        {"username": "mia", "password": PASSWORD, "next": "/arbeitsplatz/"},
    )

    assert response["Location"] == "/arbeitsplatz/"


def test_nobody_is_led_to_another_site(mia: Agent) -> None:
    response = Client().post(
        "/anmelden", {"username": "mia", "password": PASSWORD, "next": "https://example.org/"}
    )

    assert response["Location"] == "/"


def test_a_wrong_password_is_told_in_german_without_saying_which_is_wrong(mia: Agent) -> None:
    for username in ("mia", "niemand"):
        response = Client().post("/anmelden", {"username": username, "password": "falsch"})

        assert "Benutzername und Passwort passen nicht zusammen" in response.text


def test_ten_wrong_passwords_lock_the_name_even_for_the_right_one(mia: Agent) -> None:
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/anmelden", {"username": "mia", "password": "falsch"})

    response = client.post("/anmelden", {"username": "mia", "password": PASSWORD})

    assert response.status_code == 429
    assert "Viertelstunde" in response.text


def test_an_account_that_was_closed_cannot_be_used() -> None:
    Account.objects.create_user("alt", PASSWORD, name="Alt", is_active=False)

    response = Client().post("/anmelden", {"username": "alt", "password": PASSWORD})

    assert response.status_code == 200
    assert "passen nicht zusammen" in response.text


def test_signing_out_leaves_the_desk_too(mia: Agent) -> None:
    assert mia.account is not None
    AgentPresence.objects.create(agent=mia, state="available")
    client = Client()
    client.force_login(mia.account)

    response = client.post("/abmelden")

    assert response["Location"] == "/anmelden"
    assert client.get("/arbeitsplatz/").status_code == 302
    assert DeskCommand.objects.get().kind == "sign_out"


def test_passwords_are_kept_with_argon2(mia: Agent) -> None:
    assert mia.account is not None
    assert mia.account.password.startswith("argon2$")
