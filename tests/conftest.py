"""Every test session gets an installation of its own, with a private PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import django
import pytest
from asgiref.sync import SyncToAsync
from django.db import connections
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from fernamt.daemons.configuration import home_folder, load
from fernamt.daemons.postgres import Cluster
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox

CLUSTER_RUNS = "FERNAMT_TESTS_CLUSTER_RUNS"
"""Set where FERNAMT_HOME is already an installation of the tests', and its PostgreSQL runs."""
IN_A_WORKER = "PYTEST_XDIST_WORKER" in os.environ
IS_GIVEN = IN_A_WORKER or CLUSTER_RUNS in os.environ


def _own_installation() -> Path:
    """Point everything that reads the configuration at a new home; share the fetched programs."""
    if IS_GIVEN:
        return home_folder()
    usual = home_folder()
    os.environ.setdefault("FERNAMT_TOOLS", str(usual / "tools"))
    os.environ.setdefault("FERNAMT_FRONT", str(usual / "front"))
    home = Path(tempfile.mkdtemp(prefix="fernamt-tests-"))
    home.chmod(0o711)  # PostgreSQL runs as another user where we are root
    os.environ["FERNAMT_HOME"] = str(home)
    return home


HOME = _own_installation()
# Django is set up here, not by the plugin's own setting: the home has to be known before.
os.environ["DJANGO_SETTINGS_MODULE"] = "fernamt.daemons.settings"
django.setup()

_running = ExitStack()


def _run_cluster() -> None:
    """Run the session's cluster unless it runs."""
    if CLUSTER_RUNS in os.environ:
        return
    configuration = load()
    cluster = Cluster(configuration, Toolbox(configuration, Progress()))
    cluster.prepare()
    with (configuration.postgres_home / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
    _running.enter_context(cluster.running())
    os.environ[CLUSTER_RUNS] = "yes"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Run the cluster before several workers share it; a single process waits until it is asked."""
    if not IS_GIVEN and getattr(session.config.option, "numprocesses", None):
        _run_cluster()


def pytest_unconfigure() -> None:
    """Stop the cluster and leave nothing behind."""
    if not IS_GIVEN:
        _running.close()
        os.environ.pop(CLUSTER_RUNS, None)
        shutil.rmtree(HOME, ignore_errors=True)


class CentresTogether(LoadScopeScheduling):  # type: ignore[misc]
    """Tests that share a service centre go to one worker, which starts it once.

    (pytest-xdist's own groups do nothing with pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if "/journeys/" in path:
            return path.rpartition("/")[0]
        return path if path.endswith("/test_installation.py") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> CentresTogether:
    """Share the tests out like this, whatever --dist says."""
    return CentresTogether(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """See to it that PostgreSQL runs before the first database is made.

    It takes the place of the plugin's own fixture, and gives each worker its database as that
    does.
    """
    _run_cluster()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    for connection in connections.all():
        test_name = f"test_{connection.settings_dict['NAME']}_{worker}".rstrip("_")
        connection.settings_dict["TEST"]["NAME"] = test_name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let go of the connection that asynchronous tests leave in their thread, then as usual."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()
