"""What the tests of infra/ stand on: the template as data, the bundle, and a running stack."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "infra"))  # scripts, not a package

import package  # noqa: E402
import stack  # noqa: E402


class Template(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read as their long forms."""


def long_form(loader: Template, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


Template.add_multi_constructor("!", long_form)


def read_template(name: str) -> dict[str, Any]:
    return yaml.load((ROOT / "infra" / name).read_text(), Template)  # noqa: S506 - a safe loader with tags


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return read_template("template.yaml")


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return template["Resources"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory, built_site: Path) -> Path:
    """The folder of a fresh bundle for this machine; its zip stands beside it."""
    folder = tmp_path_factory.mktemp("bundle") / "functions"
    package.make_bundle(folder, folder.with_suffix(".zip"), stack.THIS_MACHINE)
    return folder


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with stack.emulator(tmp_path_factory.mktemp("emulator")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def deployed(emulator: str, bundle: Path) -> stack.Stack:
    """The unmodified template, deployed."""
    return stack.deploy(emulator, bundle.with_suffix(".zip"))
