"""Where the machine's apt gets its packages from."""

from pathlib import Path

from fernamt.daemons.sources import debian_source, machine_sources

DEBIAN = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
NEW_FORMAT = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
  contrib

Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://sources-only.example/debian
Suites: bookworm
Components: main
"""
OLD_FORMAT = """\
deb cdrom:[Debian 12]/ bookworm main
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/keys/other.gpg] http://other.example/apt stable tools
deb-src http://mirror.example/debian bookworm main
deb [ trusted=yes ] http://mirror.example/debian bookworm main contrib # near
"""


def machine(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, content in files.items():
        folder = tmp_path if name == "sources_list" else tmp_path / "sources.list.d"
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return tmp_path


def test_the_newer_format_is_read(tmp_path: Path) -> None:
    sources = machine_sources(machine(tmp_path, debian_sources=NEW_FORMAT))

    assert [source.uri for source in sources] == [
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    ]
    assert sources[0].suites == ("bookworm", "bookworm-updates")
    assert sources[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert sources[1].components == ("main", "contrib")


def test_the_older_format_is_read(tmp_path: Path) -> None:
    sources = machine_sources(machine(tmp_path, sources_list=OLD_FORMAT))

    assert [source.uri for source in sources][1:] == [
        "http://other.example/apt",
        "http://mirror.example/debian",
    ]
    assert sources[1].signed_by == "/etc/keys/other.gpg"
    assert sources[2].components == ("main", "contrib")


def test_debian_is_found_among_other_sources(tmp_path: Path) -> None:
    sources = machine_sources(machine(tmp_path, sources_list=OLD_FORMAT, debian_sources=NEW_FORMAT))

    found = debian_source(sources, DEBIAN)

    assert found is not None
    assert found.uri == "http://mirror.example/debian"


def test_another_distribution_has_no_debian(tmp_path: Path) -> None:
    sources = machine_sources(machine(tmp_path, debian_sources=NEW_FORMAT))

    assert debian_source(sources, {"ID": "ubuntu", "VERSION_CODENAME": "noble"}) is None


def test_a_machine_without_apt_has_no_sources(tmp_path: Path) -> None:
    assert machine_sources(tmp_path / "nothing") == ()
