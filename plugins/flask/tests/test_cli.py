"""flask vault …, through Flask's own command, against the program itself."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import CHECKOUT, PACKAGE

PYTHON = sys.executable


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as pip installs it from the checkout, with its entry point."""
    source, target = tmp_path_factory.mktemp("source") / "flask", tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("tests", "*.go"))
    command = [PYTHON, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--target", target, source]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture
def both(vault, installed, tmp_path_factory):
    """Runs the same words through Flask, and through a link to the program that is named flask."""
    link = tmp_path_factory.mktemp("link") / "flask"
    link.symlink_to(vault.program)

    def run(*words, **options):
        answers = []
        for argv in ([PYTHON, "-m", "flask"], [link]):
            environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
            done = subprocess.run([*argv, "vault", *words], cwd=vault.path, capture_output=True, env=environment, **options)
            answers.append((done.returncode, done.stdout, done.stderr))
        assert answers[0] == answers[1]
        return answers[0]

    return run


def test_word_for_word(vault, both):
    vault.write("db.password: correct horse\npin: 0123\n")
    assert both("get", "db.password") == (0, b"correct horse\n", b"")
    assert both("get", "db.passwort")[0] == 3
    assert both("get", "--json", "pin")[1].startswith(b"{")
    assert both("show")[1] == b"db.password: correct horse\npin: 0123\n"
    assert both("nonsense")[0] == 2
    assert both("--help")[0] == 0
    assert both()[0] == 0
    assert both("exec", "--", "sh", "-c", "exit 42")[0] == 42
    (vault.path / "master.key").unlink()
    code, _, err = both("get", "pin")
    assert code == 4
    assert b"flask vault init" in err


def test_terminal_streams_are_the_programs_own(vault, installed):
    """Standard input reaches the program, and what it writes is not touched."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    secret = b"\x1b[31mred \xff"
    token = subprocess.run([PYTHON, "-m", "flask", "vault", "encrypt", "-"], input=secret, capture_output=True, env=environment, check=True).stdout
    plain = subprocess.run([PYTHON, "-m", "flask", "vault", "decrypt", "-"], input=token, capture_output=True, env=environment, check=True).stdout
    assert plain == secret


def test_editor(vault, installed):
    environment = {**os.environ, "PYTHONPATH": str(installed), "EDITOR": "sh -c 'echo edited: yes >>\"$1\"' sh"}
    subprocess.run([PYTHON, "-m", "flask", "vault", "edit"], env=environment, check=True, capture_output=True)
    assert vault.run("get", "edited").stdout == b"yes\n"


def test_a_reader_that_goes_away(vault, installed):
    """The program gets the signal that Python ignores."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    vault.set("long", "x" * 500_000)
    script = f"{PYTHON} -m flask vault get long | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True)
    assert done.stdout == b"x"
    assert b"Traceback" not in done.stderr


def test_group_of_an_app(vault):
    import click
    from flask import Flask

    from flask_vault.cli import vault_cli

    app = Flask(__name__)
    app.cli.add_command(vault_cli)
    runner = app.test_cli_runner()
    done = runner.invoke(args=["vault", "get", "db.password"])
    assert (done.exit_code, done.output) == (0, "correct horse\n")
    assert runner.invoke(args=["vault", "get", "missing"]).exit_code == 3
    assert runner.invoke(vault_cli, ["get", "db.username"]).output == "shop\n"

    @vault_cli.command("ours")
    def ours():
        click.echo("a command of the app")

    try:
        assert runner.invoke(args=["vault", "ours"]).output == "a command of the app\n"
    finally:
        del vault_cli.commands["ours"]


def test_the_program_is_missing(vault, installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "FLASK_VAULT_BIN": str(tmp_path / "nothing")}
    done = subprocess.run([PYTHON, "-m", "flask", "vault", "get", "x"], env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "FLASK_VAULT_BIN" in done.stderr
    assert "Traceback" not in done.stderr
