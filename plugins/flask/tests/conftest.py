"""A vault for each test, made by the real program, in a directory of its own."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent
CHECKOUT = PACKAGE.parent.parent
sys.path.insert(0, str(PACKAGE))
sys.dont_write_bytecode = True

for name in list(os.environ):
    if name.startswith("FLASK_VAULT_") and name not in ("FLASK_VAULT_BIN", "FLASK_VAULT_INTEROP"):
        del os.environ[name]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The path of flask-vault: what FLASK_VAULT_BIN names, else built from the checkout."""
    path = os.environ.get("FLASK_VAULT_BIN")
    if not path:
        path = str(tmp_path_factory.mktemp("bin") / "flask-vault")
        subprocess.run(["go", "build", "-o", path, "./cmd/flask-vault"], cwd=CHECKOUT, check=True)
    os.environ["FLASK_VAULT_BIN"] = path
    return path


class Vault:
    """A directory with a vault, which is the working directory."""

    def __init__(self, program, path):
        self.program, self.path = program, path

    def run(self, *words, **options):
        options.setdefault("check", True)
        return subprocess.run([self.program, *words], cwd=self.path, capture_output=True, **options)

    def write(self, text):
        """Makes the text the document."""
        self.run("edit", "--no-input", env={**os.environ, "EDITOR": "sh -c 'cat >\"$1\"' sh"}, input=text.encode())

    def set(self, key, value):
        self.run("set", key, "-", input=value.encode())

    def key(self):
        return (self.path / "master.key").read_bytes()


@pytest.fixture
def empty(program, tmp_path, monkeypatch):
    """A directory without a vault."""
    from flask_vault import _client

    monkeypatch.chdir(tmp_path)
    yield Vault(program, tmp_path)
    _client.close()


@pytest.fixture
def vault(empty):
    empty.run("init", "-q")
    for key, value in {"db.username": "shop", "db.password": "correct horse", "db.name": ":memory:"}.items():
        empty.set(key, value)
    return empty


@pytest.fixture
def python_path(monkeypatch):
    """Makes the package known to Python processes that a test starts."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PACKAGE), str(HERE), str(PACKAGE / "examples")]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture(scope="session")
def vectors():
    return CHECKOUT / "backend" / "testdata" / "flask-vault"


def copy_vector(source, target):
    """Copies a vault of Flask-Vault, with its key for its owner alone."""
    for name in ("credentials.yml.enc", "master.key"):
        shutil.copyfile(source / name, target / name)
    os.chmod(target / "master.key", 0o600)
