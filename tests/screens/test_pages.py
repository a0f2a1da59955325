"""The pages: their frame, their protection, their words."""

import json
import os
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from tests.screens.conftest import AT, write_call

from fernamt.daemons import urls
from fernamt.exchange.models import Call, CallEvent, Heartbeat
from fernamt.people.models import Account, Agent
from fernamt.reception.models import Line
from fernamt.screens.access import public

# Some views read in threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(mia: Agent) -> Client:
    assert mia.account is not None
    client = Client()
    client.force_login(mia.account)
    return client


def test_the_page_that_carries_the_desk(browser: Client, gifhorn: Line) -> None:
    page = browser.get("/arbeitsplatz/").text

    found = re.search(r'<script id="desk-settings" type="application/json">(.*?)</script>', page)
    assert found is not None
    settings = json.loads(found[1])
    assert settings["urls"] == {
        "state": "/arbeitsplatz/stand",
        "events": "/arbeitsplatz/ereignisse",
        "commands": "/arbeitsplatz/befehle",
        "telephone": "/arbeitsplatz/telefon",
    }
    assert settings["language"] == "de"
    assert settings["csrf"]
    assert settings["lines"][0]["written"] == "05371 82-370"
    assert "desk.js" in page


def test_every_answer_carries_its_protection(browser: Client) -> None:
    response = browser.get("/arbeitsplatz/")

    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws: wss:" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_pages_need_no_inline_script_or_style(browser: Client, supervisor: Account) -> None:
    chief = Client()
    chief.force_login(supervisor)
    for page in (
        browser.get("/arbeitsplatz/").text,
        chief.get("/anrufe/").text,
        Client().get("/anmelden").text,
    ):
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_the_language_is_german_until_another_is_chosen() -> None:
    client = Client(headers={"accept-language": "en-GB"})
    german = client.get("/anmelden")

    client.post("/sprache", {"language": "en", "next": "/anmelden"})
    english = client.get("/anmelden")

    assert "Benutzername" in german.text
    assert '<html lang="de"' in german.text
    assert "User name" in english.text
    assert english["Content-Language"] == "en"


def test_choosing_a_language_leads_nowhere_else() -> None:
    response = Client().post("/sprache", {"language": "en", "next": "//example.org/"})

    assert response["Location"] == "/"


def test_an_address_that_does_not_exist(browser: Client) -> None:
    response = browser.get("/gibt-es-nicht")

    assert response.status_code == 404
    assert "Unter dieser Adresse gibt es nichts" in response.text


@public(reason="a test")
def breaks(_request: object) -> None:
    raise RuntimeError


def undeclared(_request: object) -> None:
    raise AssertionError


class BrokenUrls:
    """Our addresses, and two that must not be there."""

    urlpatterns = [*urls.urlpatterns, path("kaputt", breaks), path("offen", undeclared)]
    handler500 = urls.handler500


@override_settings(ROOT_URLCONF=BrokenUrls)
@pytest.mark.parametrize("address", ["/kaputt", "/offen"])
def test_what_breaks_is_told_in_plain_german_without_its_insides(address: str) -> None:
    client = Client(raise_request_exception=False)

    response = client.get(address)

    assert response.status_code == 500
    assert "Bei uns ist etwas schiefgegangen" in response.text
    assert "Traceback" not in response.text


def test_a_form_that_is_too_old_is_told_in_plain_german() -> None:
    response = Client(enforce_csrf_checks=True).post("/anmelden", {"username": "mia"})

    assert response.status_code == 403
    assert "zu lange offen" in response.text


def test_health_tells_whether_a_conductor_leads() -> None:
    silent = Client().get("/gesund").json()
    Heartbeat.objects.create(name="test:1", is_leader=True)
    well = Client().get("/gesund").json()
    Heartbeat.objects.update(at=datetime.now(UTC) - timedelta(minutes=1))
    late = Client().get("/gesund").json()

    assert (silent["database"], silent["ready"], silent["conductor_age_seconds"]) == (
        "ok",
        False,
        None,
    )
    assert (well["ready"], well["conductor"]) == (True, "ok")
    assert (late["ready"], late["conductor"]) == (False, "silent")


def test_the_supervisor_sees_the_last_calls_with_their_steps(
    supervisor: Account, gifhorn: Line, mia: Agent
) -> None:
    call = write_call(
        gifhorn, state="ended", closed_at=AT, ended_at=AT, outcome="answered", agent=mia
    )
    CallEvent.objects.create(call_id=call.pk, seq=1, at=AT, type="CallArrived")
    CallEvent.objects.create(
        call_id=call.pk,
        seq=2,
        at=AT + timedelta(seconds=75),
        type="AgentAnswered",
        facts={"agent": str(mia.pk)},
    )
    write_call(
        None, state="ended", closed_at=AT, outcome="refused", outcome_detail="unknown_number"
    )
    client = Client()
    client.force_login(supervisor)

    page = client.get("/anrufe/").text

    for words in (
        "Landkreis Gifhorn",
        "05371 82-370",
        "abschließend beantwortet",
        "1:15",
        "Servicekraft hat angenommen",
        "Mia Muster",
        "niemandes",
        "unbekannte Nummer",
    ):
        assert words in page


def test_what_a_caller_sends_is_shown_as_text_only(supervisor: Account) -> None:
    Call.objects.create(
        id=uuid.uuid4(),
        dialled="<script>alert(1)</script>",
        caller="<b>x",
        state="ended",
        arrived_at=AT,
    )
    client = Client()
    client.force_login(supervisor)

    page = client.get("/anrufe/").text

    assert "<script>alert" not in page
    assert "<b>x" not in page


class TestAssets:
    """The front end's files."""

    @pytest.fixture(autouse=True)
    def front(self, tmp_path: Path) -> Iterator[Path]:
        front = tmp_path / "front"
        (front / "fonts").mkdir(parents=True)
        (front / "desk.js").write_text("let fernamt;")
        (front / "fonts" / "fira.woff2").write_bytes(b"wOF2")
        (tmp_path / "secrets.toml").write_text("secret")
        with override_settings(FRONT=front):
            yield front

    def test_a_file_is_served_with_its_type(self) -> None:
        script = Client().get("/static/desk.js")
        font = Client().get("/static/fonts/fira.woff2")

        assert (script.text, script["Content-Type"]) == ("let fernamt;", "text/javascript")
        assert font["Content-Type"] == "font/woff2"
        assert script["Cache-Control"] == "public, max-age=60"

    def test_an_address_with_the_version_is_kept_for_ever(self, front: Path) -> None:
        address = re.search(r"/static/desk\.js\?v=[0-9a-f]+", self._page())
        assert address is not None

        response = Client().get(address[0])
        os.utime(front / "desk.js", (1, 1))
        changed = Client().get(address[0])

        assert "immutable" in response["Cache-Control"]
        assert "immutable" not in changed["Cache-Control"]

    def test_what_is_known_is_not_sent_again(self) -> None:
        first = Client().get("/static/desk.js")

        again = Client().get(
            "/static/desk.js", headers={"if-modified-since": first["Last-Modified"]}
        )

        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize(
        "path", ["../secrets.toml", "%2e%2e/secrets.toml", "fonts", "", "x%00", "//etc/passwd"]
    )
    def test_nothing_beside_the_front_end_is_served(self, path: str) -> None:
        assert Client().get(f"/static/{path}").status_code in (404, 400)

    def _page(self) -> str:
        from django.template.loader import render_to_string  # noqa: PLC0415

        return render_to_string("screens/desk.html", {"settings": {}}, RequestFactory().get("/"))
