"""What is installed works: templates and data are in the wheel, also in one built from the sdist."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
sys.argv = ["unsealed", *sys.argv[2:]]
import alerts, unsealed
assert alerts.__file__.startswith(sys.path[0]), alerts.__file__
from unsealed.cli import main
main()
"""


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-2000:]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, unpacked as pip does."""
    folder = tmp_path_factory.mktemp("packaging")
    # Without --wheel or --sdist, build makes the wheel from the sdist it has just made.
    run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(ROOT),
        cwd=folder,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_an_installed_copy_does_the_whole_job(installed: Path, tmp_path: Path) -> None:
    run(sys.executable, "-c", RUN, str(installed), "demo", "--folder", str(tmp_path / "demo"), cwd=tmp_path)
    (digest,) = (tmp_path / "demo").glob("daily-*/digest.html")
    assert "<html" in digest.read_text("utf-8")


def test_nothing_but_our_packages_is_installed(installed: Path) -> None:
    names = {p.name for p in installed.iterdir() if not p.name.endswith(".dist-info")}
    assert names == {"alerts", "crawler", "pipeline", "unsealed"}
