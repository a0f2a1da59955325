"""The private PostgreSQL, for real: made, run, ended, as whoever we are."""

from pathlib import Path

import psycopg
import pytest

from fernamt.daemons.configuration import Configuration, load
from fernamt.daemons.postgres import Cluster
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import ProgramUnusable, Toolbox


def configured(home: Path) -> Configuration:
    shared = load()
    given = {f"FERNAMT_{name.upper()}": path for name, path in shared.programs.items()}
    return load(given | {"FERNAMT_HOME": str(home), "FERNAMT_TOOLS": str(shared.tools)})


def cluster(configuration: Configuration) -> Cluster:
    return Cluster(configuration, Toolbox(configuration, Progress()))


def test_a_cluster_is_made_in_a_folder_that_nobody_else_may_enter_and_keeps_what_it_holds(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    configuration = configured(tmp_path / "home")
    with cluster(configuration).running(), psycopg.connect(configuration.dsn) as connection:
        connection.execute("CREATE TABLE calls (name text)")
        connection.execute("INSERT INTO calls VALUES ('Äpfel'), ('Zug'), ('ähnlich')")

    with cluster(configuration).running(), psycopg.connect(configuration.dsn) as connection:
        rows = connection.execute("SELECT name FROM calls ORDER BY name").fetchall()

    assert [row[0] for row in rows] == ["ähnlich", "Äpfel", "Zug"]


def test_a_cluster_serves_its_socket_only_and_asks_for_the_password(tmp_path: Path) -> None:
    configuration = configured(tmp_path / ("long" * 25))
    with cluster(configuration).running():
        with psycopg.connect(configuration.dsn) as connection:
            listening = connection.execute("SHOW listen_addresses").fetchone()
            durable = connection.execute("SHOW fsync").fetchone()
            owner = connection.execute(
                "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            for extension in ("pg_trgm", "unaccent", "btree_gist"):
                connection.execute(f"CREATE EXTENSION {extension}".encode())
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(configuration.dsn, password="guessed")

    assert (listening, durable, owner) == (("",), ("on",), (False, True))
    assert not configuration.postgres_socket.exists()


def test_a_cluster_of_another_version_is_not_touched(tmp_path: Path) -> None:
    configuration = configured(tmp_path)
    configuration.postgres_home.mkdir()
    (configuration.postgres_home / "PG_VERSION").write_text("9\n", encoding="ascii")

    with pytest.raises(ProgramUnusable, match="version 9"):
        cluster(configuration).prepare()
