"""What a shell offers on Tab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import write


def offered(sagac, line, shell="bash"):
    """What is offered after a command line; the last word may be empty."""
    words = line.split(" ")
    number = str(len(words) - 1)
    if shell == "fish":
        number = words[-1]
    command = {"COMP_WORDS": line, "COMP_CWORD": number}
    status, out, err = sagac(_SAGAC_COMPLETE=f"{shell}_complete", **command)
    assert (status, err) == (0, "")
    return out.split()


def test_commands_and_options_are_offered(sagac):
    commands = [f"plain,{name}" for name in ("replay", "release", "resolve", "retry")]
    assert offered(sagac, "sagac re") == commands
    assert offered(sagac, "sagac build --t") == ["plain,--target"]
    assert offered(sagac, "sagac check --format s") == ["plain,sarif"]
    assert offered(sagac, "sagac new ") == []


def test_targets_are_offered_one_after_the_other(sagac):
    assert offered(sagac, "sagac build --target sv") == ["plain,svg"]
    assert offered(sagac, "sagac build --target svg,m") == [
        "plain,svg,md",
        "plain,svg,mmd",
    ]
    assert "plain,svg,svg" not in offered(sagac, "sagac build --target svg,")


def test_codes_of_findings_are_offered_with_their_names(sagac):
    assert offered(sagac, "sagac explain SAGA10", "zsh")[:3] == [
        "plain",
        "SAGA101",
        "unknown-name",
    ]
    assert offered(sagac, "sagac explain saga203") == ["plain,SAGA203"]
    assert offered(sagac, "sagac explain unre") == ["plain,unreachable"]


@pytest.mark.parametrize("command", ["build", "table", "fmt", "replay"])
def test_sagas_and_folders_are_offered(sagac, command):
    for name in ("order.saga", "deep/down/parcel.saga", ".hidden/x.saga"):
        write(sagac, name=name)
    write(sagac, name="order.txt")
    (sagac.folder / "node_modules").mkdir()
    line = f"sagac {command} "
    assert offered(sagac, line) == ["plain,deep/", "plain,order.saga"]
    assert offered(sagac, f"{line}o", "fish") == ["plain,order.saga"]
    assert offered(sagac, f"{line}d") == ["plain,deep/down/parcel.saga"]
    assert offered(sagac, f"{line}nowhere/") == []


def test_other_arguments_are_files_and_folders_to_the_shell(sagac):
    write(sagac)
    assert offered(sagac, "sagac replay order.saga ") == ["file,"]
    assert offered(sagac, "sagac build -o ") == ["dir,"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(sagac, shell):
    status, out, _ = sagac(_SAGAC_COMPLETE=f"{shell}_source")
    assert status == 0
    assert "_SAGAC_COMPLETE" in out
    assert f"{shell}_complete" in out


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_with_its_script(sagac):
    write(sagac)
    script = """
        eval "$(_SAGAC_COMPLETE=bash_source sagac)" || exit
        COMP_WORDS=(sagac table o) COMP_CWORD=2
        _sagac_completion sagac
        echo "${COMPREPLY[@]}"
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=sagac.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("order.saga\n", "")
