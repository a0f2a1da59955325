"""Every address says who may open it, and is held to it."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from fernamt.people.models import Account, Agent, Role
from fernamt.screens.access import access_of


def patterns(
    resolver: URLResolver | None = None, before: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, address)
        else:
            yield re.sub(r"<[^>]+>", "x", address), entry


EVERY = list(patterns())
CLOSED = [
    (address, entry)
    for address, entry in EVERY
    if (access := access_of(entry.callback)) and not access.is_public
]
named = pytest.mark.parametrize(
    ("address", "entry"), CLOSED, ids=[address for address, _ in CLOSED]
)


@pytest.mark.parametrize(("address", "entry"), EVERY, ids=[address for address, _ in EVERY])
def test_every_address_declares_who_may_open_it(address: str, entry: URLPattern) -> None:
    access = access_of(entry.callback)

    assert access is not None, f"{address} declares nothing"
    assert bool(access.roles) != access.is_public
    assert not access.is_public or access.reason


@named
@pytest.mark.django_db
def test_a_stranger_is_led_to_the_sign_in(address: str, entry: URLPattern) -> None:
    page = Client().get(address, headers={"accept": "text/html"})
    program = Client().get(address, headers={"accept": "application/json"})

    assert page.status_code == 302
    assert page["Location"].startswith("/anmelden?next=")
    assert program.status_code == 401


@named
@pytest.mark.django_db
def test_a_role_that_is_not_named_stays_outside(address: str, entry: URLPattern) -> None:
    access = access_of(entry.callback)
    assert access is not None
    for role in set(Role) - access.roles:
        account = Account.objects.create_user(role.value, name=role.label, role=role)
        Agent.objects.create(account=account, name=role.value)
        client = Client()
        client.force_login(account)

        assert client.get(address).status_code == 403


@named
@pytest.mark.django_db
def test_an_account_that_is_no_agents_has_no_desk(address: str, entry: URLPattern) -> None:
    access = access_of(entry.callback)
    if access is None or not access.needs_agent:
        return
    client = Client()
    client.force_login(Account.objects.create_user("leitung", role=Role.SUPERVISOR))

    response = client.get(address)

    assert response.status_code == 403
