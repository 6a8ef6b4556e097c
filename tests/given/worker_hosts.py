"""Hosts for the tests of setup_workers.sh: wheels made by hand, no network."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = ROOT / "setup_workers.sh"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BOOT = """
import json, os, sys
if "--help" not in sys.argv:
    names = ("HF_HOME", "HF_HUB_OFFLINE", "AFFECTFLOW_WHEELHOUSE")
    said = {name: os.environ.get(name) for name in names}
    print(json.dumps({**said, "prefix": sys.prefix, "arguments": sys.argv[1:]}))
"""


def wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    files: dict[str, str] | None = None,
    metadata: str = "",
    entry_points: str = "",
) -> Path:
    """Writes a wheel of pure Python by hand; dots in `name` are not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    held = {
        f"{name}/__init__.py": "",
        **(files or {}),
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\n"
            f"Version: {version}\n{metadata}\n"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    if entry_points:
        held[f"{info}/entry_points.txt"] = entry_points
    record = "".join(f"{each},,\n" for each in [*held, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in {**held, f"{info}/RECORD": record}.items():
            archive.writestr(each, text)
    return path


def wheelhouse_with_beam(folder: Path) -> Path:
    wheel(folder, "apache_beam", "2.77.0")
    return folder


def package(
    folder: Path, *, metadata: str = "", entry_points: str = "", **files: str
) -> Path:
    """A wheel that stands for affectflow's: it needs Beam and holds a boot program."""
    return wheel(
        folder,
        "affectflow",
        "9.9.9",
        metadata=f"Requires-Dist: apache-beam\n{metadata}",
        entry_points=entry_points,
        files={
            "affectflow/boot.py": BOOT,
            **{f"{name}/__init__.py": text for name, text in files.items()},
        },
    )


def without_network() -> list[str]:
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return ["unshare", "-rn"] if tried.returncode == 0 else []


def setup(
    *options: str | Path,
    namespace: list[str] | None = None,
    script: Path = SCRIPT,
    path: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the script; `path` comes first on PATH."""
    search = os.environ["PATH"]
    return subprocess.run(
        [*(namespace or []), "bash", str(script), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "PATH": f"{path}:{search}" if path else search},
    )


def step_lines(done: subprocess.CompletedProcess[str], step: str) -> list[str]:
    return [line for line in done.stderr.splitlines() if f" step={step} " in line]


def assert_fails(
    done: subprocess.CompletedProcess[str], code: int, problem: str
) -> None:
    """One line, the last, says the problem and the cure."""
    last = done.stderr.splitlines()[-1]
    assert done.returncode == code, done.stderr
    assert f"status=failed code={code} " in last
    assert problem in last
    assert re.search(r"; cure: .{10,}$", last), last


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below with inode and time of change; the log aside."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.name != "setup.log"
    }


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return folder


@dataclass(kw_only=True)
class Host:
    """A folder with a wheelhouse and a wheel, and the prefix to set up."""

    folder: Path

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    @property
    def stamp(self) -> str:
        return self.prefix.joinpath("current").resolve().name.removeprefix("env-")

    @property
    def options(self) -> list[str | Path]:
        wheelhouse, package_ = self.folder / "wheelhouse", self.folder / "dist"
        [built] = package_.glob("*.whl")
        return [
            *("--target", "host", "--prefix", self.prefix, "--python", sys.executable),
            *("--wheelhouse", wheelhouse, "--wheel", built, "--min-free-gb", "0"),
        ]

    def setup(self, *options: str | Path, **how) -> subprocess.CompletedProcess[str]:
        return setup(*self.options, *options, **how)

    def report(self, *options: str | Path, **how) -> dict:
        done = self.setup("--json", *options, **how)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def check(self, *options: str | Path, **how) -> subprocess.CompletedProcess[str]:
        return setup("--check", "--prefix", self.prefix, *options, **how)


def manifest(folder: Path, entries: object) -> Path:
    path = folder / "weights.json"
    path.write_text(json.dumps(entries))
    return path


def entry(**columns: str) -> dict[str, str]:
    """A line of a manifest for the file `model.bin`, which holds `weights`."""
    return {
        "model": "org/name",
        "revision": COMMIT,
        "url": "model.bin",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "file": "model.safetensors",
        **columns,
    }


def host_at(folder: Path) -> Host:
    """A host with a wheelhouse of Beam alone, and a package that needs no more."""
    wheelhouse_with_beam(folder / "wheelhouse")
    package(folder / "dist")
    return Host(folder=folder)
