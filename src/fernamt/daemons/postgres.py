"""The private PostgreSQL cluster of an installation: one folder, one socket, no port."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from fernamt.core.errors import DomainError, WorldFault
from fernamt.daemons.configuration import Configuration
from fernamt.daemons.identity import Identity, identity_for_postgres
from fernamt.daemons.program import Program
from fernamt.daemons.service import Service
from fernamt.daemons.toolbox import Toolbox

SETTINGS = """\
# Written by fernamt at each start; own settings belong into postgresql.conf.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
work_mem = 8MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_checkpoints = off
"""
START_SECONDS = 60
STOP_SECONDS = 30


class ClusterNotMade(WorldFault):
    """PostgreSQL could not make its cluster."""

    code = "cluster-not-made"


class ClusterNotReady(WorldFault):
    """PostgreSQL does not answer."""

    code = "cluster-not-ready"


class SocketFolderNotOurs(DomainError):
    """The folder for PostgreSQL's socket belongs to somebody else."""

    code = "socket-folder-not-ours"


class Cluster:
    """One private cluster."""

    def __init__(self, configuration: Configuration, toolbox: Toolbox) -> None:
        """Keep it where *configuration* says; nothing is done yet."""
        self._configuration = configuration
        self._folder = configuration.postgres_home
        self._socket = configuration.postgres_socket
        self._toolbox = toolbox

    @property
    def exists(self) -> bool:
        """Whether the cluster has been made."""
        return (self._folder / "PG_VERSION").exists()

    def prepare(self) -> Service:
        """Make the cluster if there is none, and return how to run it.

        Raises:
            ProgramUnusable: If there is no PostgreSQL that fits.
            NoIdentityForPostgres: If we are root and there is nobody else.
            ClusterNotMade: If initdb fails; with its words.
        """
        version = self._folder / "PG_VERSION"
        major = int(version.read_text(encoding="ascii")) if self.exists else None
        program = self._toolbox.postgres(major=major)
        self._configuration.run.mkdir(parents=True, exist_ok=True)
        folders = (self._configuration.home, self._configuration.run)
        identity = identity_for_postgres(folders=folders, program=program.path)
        if not self.exists:
            self._make(program, identity)
        identity.give(self._folder)
        self._open_socket_folder(identity)
        self._write_settings(identity)
        return Service(
            name="postgres",
            command=[*identity.prefix, *program.command("-D", self._folder)],
            environment=program.environ() | {"LC_ALL": "C.UTF-8"},
            credentials=identity.credentials,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
            stop_seconds=STOP_SECONDS,
            start_seconds=START_SECONDS,
            ready=self.answers,
        )

    def answers(self) -> bool:
        """Return whether it takes connections."""
        try:
            with self._connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def furnish(self) -> bool:
        """Make our role and our database where they are missing.

        Returns:
            Whether the database is new.
        """
        configuration = self._configuration
        role = sql.Identifier(configuration.database_user)
        database = sql.Identifier(configuration.database)
        with self._connect("postgres") as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [configuration.database_user]
            ).fetchone()
            verb = sql.SQL("ALTER" if known else "CREATE")
            password = sql.Literal(configuration.secrets.database)
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}").format(verb, role, password)
            )
            there = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [configuration.database]
            ).fetchone()
            if there is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        return there is None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for the length of the block, for tests and commands that need it alone.

        Raises:
            ClusterNotReady: If it does not start; with the end of its log.
        """
        service = self.prepare()
        self._configuration.logs.mkdir(parents=True, exist_ok=True)
        log = self._configuration.logs / "postgres.log"
        try:
            with service.running(log) as process:
                if not service.wait_until_ready(process):
                    raise ClusterNotReady(log=log, said=_end_of(log))
                self.furnish()
                yield
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Leave no folder behind outside the installation's home, once it has ended."""
        if self._configuration.home not in self._socket.parents:
            with suppress(OSError):
                self._socket.rmdir()

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._socket),
            dbname=database,
            user="postgres",
            password=self._configuration.secrets.database_admin,
            autocommit=True,
            connect_timeout=5,
        )

    def _make(self, program: Program, identity: Identity) -> None:
        """Let initdb make the cluster beside its place, then move it there: whole or not at all."""
        home = self._configuration.home
        for left in home.glob(".postgres.part-*"):
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=".postgres.part-", dir=home))
        password = part / "password"
        password.touch(mode=0o600)
        password.write_text(self._configuration.secrets.database_admin, encoding="utf-8")
        cluster = part / "cluster"
        cluster.mkdir(mode=0o700)
        identity.give(part, password, cluster)
        initdb = Program(
            path=program.path.with_name("initdb"),
            prefix=program.prefix,
            environment=program.environment,
        )
        command = initdb.command(
            *("-D", cluster, "--username=postgres", "--auth=scram-sha-256"),
            *(f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--locale-provider=icu", "--icu-locale=de-DE"),
        )
        try:
            done = subprocess.run(
                [*identity.prefix, *command],
                cwd="/",
                env=initdb.environ() | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                **identity.credentials,
            )
            if done.returncode != 0:
                raise ClusterNotMade(said=(done.stderr or done.stdout).strip()[-600:])
            shutil.rmtree(self._folder, ignore_errors=True)
            cluster.rename(self._folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _open_socket_folder(self, identity: Identity) -> None:
        folder = self._socket
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = os.geteuid() if identity.owner is None else identity.owner
        found = folder.stat(follow_symlinks=False)
        if folder.is_symlink() or found.st_uid not in (owner, os.geteuid()):
            raise SocketFolderNotOurs(folder=folder, remedy="remove it, or take another home")
        folder.chmod(0o700)
        identity.give(folder)

    def _write_settings(self, identity: Identity) -> None:
        path = self._folder / "fernamt.conf"
        socket = str(self._socket).replace("'", "''")
        path.write_text(SETTINGS.format(socket=socket), encoding="utf-8")
        identity.give(path)
        main = self._folder / "postgresql.conf"
        if "include = 'fernamt.conf'" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write("\ninclude = 'fernamt.conf'\n")


def _end_of(log: Path) -> str:
    return " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-4:])
