"""The house rules that no other tool checks."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("alerts", "crawler", "pipeline", "unsealed")


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_gathering_knows_the_vocabulary_and_nothing_else_of_ours() -> None:
    for path in sorted((ROOT / "crawler").rglob("*.py")):
        ours = {name for name in imports(path) if name.split(".")[0] in ROOMS}
        assert {n for n in ours if not n.startswith("crawler")} <= {"pipeline.model"}, path


def test_the_ground_floor_stands_on_the_standard_library_alone() -> None:
    for name in ("model.py", "source_state.py"):
        imported = set(imports(ROOT / "pipeline" / name)) - {"pipeline.source_state"}
        assert {module.split(".")[0] for module in imported} <= sys.stdlib_module_names


def test_no_module_has_more_than_500_lines_and_no_function_more_than_80() -> None:
    for path in modules():
        text = path.read_text("utf-8")
        # The vocabulary is one list of words, longer than a module with logic may be.
        assert text.count("\n") <= (600 if path.name == "model.py" else 500), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 80, f"{path}: {node.name}"


def test_every_package_imported_is_declared() -> None:
    """What comes only through another package may be gone with its next version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(d for e in project["optional-dependencies"].values() for d in e)]
    declared = {d.split("[")[0].split(">")[0].split("<")[0].lower() for d in asked}
    names = {
        "css_inline": "css-inline",
        "service_identity": "service-identity",
        "slack_sdk": "slack-sdk",
        "OpenSSL": "pyopenssl",
        "zope": "zope-interface",
    }
    for path in modules():
        for name in imports(path):
            top = name.split(".")[0]
            if top not in ROOMS and top not in sys.stdlib_module_names and top != "__future__":
                assert names.get(top, top).lower() in declared, f"{path} imports {top}"
