"""Every address of the installation."""

from django.urls import URLPattern, URLResolver, path

from fernamt.screens import assets, health, language, signing_in
from fernamt.screens.agent import desk
from fernamt.screens.supervisor import calls

urlpatterns: list[URLPattern | URLResolver] = [
    path("", signing_in.home, name="home"),
    path("anmelden", signing_in.sign_in, name="sign-in"),
    path("abmelden", signing_in.sign_out, name="sign-out"),
    path("sprache", language.choose_language, name="language"),
    path("gesund", health.health, name="health"),
    path("zeichen.svg", assets.icon, name="icon"),
    path("static/<path:path>", assets.asset, name="asset"),
    path("arbeitsplatz/", desk.desk, name="desk"),
    path("arbeitsplatz/stand", desk.state, name="desk-state"),
    path("arbeitsplatz/ereignisse", desk.events, name="desk-events"),
    path("arbeitsplatz/befehle", desk.commands, name="desk-commands"),
    path("arbeitsplatz/telefon", desk.telephone, name="desk-telephone"),
    path("anrufe/", calls.calls, name="calls"),
]

handler400 = "fernamt.screens.errors.bad_request"
handler403 = "fernamt.screens.errors.forbidden"
handler404 = "fernamt.screens.errors.not_found"
handler500 = "fernamt.screens.errors.broken"
