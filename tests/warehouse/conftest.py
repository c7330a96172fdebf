"""One parsed dbt project for all tests of the warehouse, and homes to build with it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.lake import Lake
from tests.warehouse.stories import Told, tell
from tests.warehouse.workshop import Project, Workshop, parse_project
from watchhouse.layout import Home

MakeWorkshop = Callable[[Mapping[str, Any]], Workshop]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the dbt project, parsed."""
    return parse_project(tmp_path_factory)


@pytest.fixture(scope="session")
def make_workshop(project: Project, tmp_path_factory: pytest.TempPathFactory) -> MakeWorkshop:
    """Return what makes an empty home to build in, with the dbt variables of its runs."""

    def make(variables: Mapping[str, Any]) -> Workshop:
        return Workshop(Home(tmp_path_factory.mktemp("home")), project, variables)

    return make


@pytest.fixture
def workshop(make_workshop: MakeWorkshop) -> Workshop:
    """Return an empty home to build in."""
    return make_workshop({})


@pytest.fixture
def lake(workshop: Workshop, tmp_path: Path) -> Lake:
    """Return the raw lake of the home."""
    return Lake(workshop.home, tmp_path)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of input files: the same for every home, as batches remember it."""
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, make_workshop: MakeWorkshop, inbox: Path) -> Told:
    """Tell the stories of the test module, which it lists as `STORIES`."""
    workshop = make_workshop({})
    return tell(request.module.STORIES, workshop, Lake(workshop.home, inbox))


@pytest.fixture(scope="module")
def at_once(told: Told, make_workshop: MakeWorkshop) -> Workshop:
    """Return a home with the same lake, built once."""
    workshop = make_workshop({})
    told.lake.copy_to(workshop.home)
    workshop.build()
    return workshop
