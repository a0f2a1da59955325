"""What an installation is told, and what it makes up by itself."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from fernamt.daemons.configuration import SOCKET_PATH_LIMIT, Configuration, load
from fernamt.daemons.options import SettingRefused, SettingsUnreadable, UnknownSetting
from fernamt.daemons.vault import SecretsUnreadable


def configured(
    home: Path, settings: str = "", environment: Mapping[str, str] | None = None
) -> Configuration:
    if settings:
        home.mkdir(parents=True, exist_ok=True)
        (home / "settings.toml").write_text(settings, encoding="utf-8")
    return load({"FERNAMT_HOME": str(home)} | dict(environment or {}))


def test_a_new_home_gets_settings_that_tell_everything_and_change_nothing(tmp_path: Path) -> None:
    first = configured(tmp_path / "home")
    written = (tmp_path / "home" / "settings.toml").read_text(encoding="utf-8")

    again = configured(tmp_path / "home")

    assert "# web_port = 8010" in written
    assert again == first
    assert again.given == frozenset()


def test_every_setting_shown_may_be_switched_on_as_it_stands(tmp_path: Path) -> None:
    first = configured(tmp_path / "home")
    path = tmp_path / "home" / "settings.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    meant = [line.removeprefix("# ") for line in lines if " = " in line or "[[" in line]
    path.write_text("\n".join(meant), encoding="utf-8")

    again = configured(tmp_path / "home")

    assert (again.web_port, again.rtp_ports) == (first.web_port, first.rtp_ports)
    assert again.nodes == first.nodes


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = configured(tmp_path).secrets
    again = configured(tmp_path).secrets
    other = configured(tmp_path / "other").secrets

    assert again == first
    assert other.django != first.django
    assert stat.S_IMODE((tmp_path / "secrets.toml").stat().st_mode) == 0o600
    assert first.django not in repr(configured(tmp_path))
    assert len({first.django, first.database, first.database_admin, first.ari}) == 4


def test_a_secret_that_a_newer_version_needs_is_added_and_the_others_are_kept(
    tmp_path: Path,
) -> None:
    first = configured(tmp_path).secrets
    path = tmp_path / "secrets.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("demo_ari")))

    again = configured(tmp_path).secrets

    assert again.django == first.django
    assert again.demo_ari not in ("", first.demo_ari)


def test_spoilt_secrets_are_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("django = ", encoding="utf-8")

    with pytest.raises(SecretsUnreadable):
        configured(tmp_path)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    found = configured(tmp_path, "web_port = 9001\n", {"FERNAMT_WEB_PORT": "9002"})

    assert found.web_port == 9002
    assert found.web_url == "http://127.0.0.1:9002"
    assert "web_port" in found.given


@pytest.mark.parametrize(
    ("settings", "where", "allowed"),
    [
        ("\nweb_port = 70000", "line 2", "1 to 65535"),
        ('web_port = "often"', "line 1", "1 to 65535"),
        ("web_port = true", "line 1", "1 to 65535"),
        ('rtp_ports = "20000"', "line 1", "20000-20999"),
        ('rtp_ports = "20000-20001"', "line 1", "ten ports"),
        ('listen = "localhost"', "line 1", "IP address"),
        ('mode = "test"', "line 1", "rehearsal"),
        ('timezone = "Europe/Wolfsburg"', "line 1", "Europe/Berlin"),
        ('service_centre = " "', "line 1", "not empty"),
        ('web_url = "fernamt.example"', "line 1", "https://"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_and_what_is_allowed(
    tmp_path: Path, settings: str, where: str, allowed: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        configured(tmp_path, settings)

    assert where in str(refused.value)
    assert allowed in str(refused.value)


def test_a_wrong_value_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="FERNAMT_SIP_PORT"):
        configured(tmp_path, environment={"FERNAMT_SIP_PORT": "-1"})


def test_a_misspelt_setting_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match="web_port"):
        configured(tmp_path, "webport = 9001")


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsUnreadable, match=r"settings\.toml"):
        configured(tmp_path, "web_port == 1")


def test_without_carriers_in_the_settings_there_is_one_on_loopback(tmp_path: Path) -> None:
    (carrier,) = configured(tmp_path).carriers

    assert (carrier.name, carrier.addresses) == ("carrier", ("127.0.0.1",))


def test_a_carrier_with_a_username_needs_its_password_among_the_secrets(tmp_path: Path) -> None:
    settings = '[[carriers]]\nname = "net"\naddresses = ["192.0.2.7"]\nusername = "us"\n'
    with pytest.raises(SettingRefused, match=r"secrets\.toml"):
        configured(tmp_path, settings)
    with (tmp_path / "secrets.toml").open("a", encoding="utf-8") as file:
        file.write('net = "a \\"quoted\\" word"\n')

    (carrier,) = configured(tmp_path).carriers

    assert carrier.password == 'a "quoted" word'
    assert carrier.password not in repr(carrier)


def test_several_nodes_are_told_apart(tmp_path: Path) -> None:
    settings = '[[nodes]]\nname = "a"\nlocal = true\n[[nodes]]\nname = "b"\nhttp = "http://b:1/"\n'

    nodes = configured(tmp_path, settings).nodes

    assert [(node.name, node.local) for node in nodes] == [("a", True), ("b", False)]
    assert nodes[1].http == "http://b:1"


def test_the_socket_moves_where_its_path_is_short_enough(tmp_path: Path) -> None:
    near, far = configured(tmp_path / "h"), configured(tmp_path / ("long" * 20) / "h")

    assert near.postgres_socket == tmp_path / "h" / "run" / "postgres"
    assert len(str(far.postgres_socket / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT
    assert far.postgres_socket != configured(tmp_path / ("long" * 20) / "i").postgres_socket


def test_listening_everywhere_is_reached_on_loopback(tmp_path: Path) -> None:
    found = configured(tmp_path, environment={"FERNAMT_LISTEN": "::"})

    assert found.web_url == "http://[::1]:8010"
    assert found.nodes[0].http == "http://[::1]:8098"
