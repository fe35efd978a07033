"""Finds the program."""

from __future__ import annotations

import os
import sys

from .errors import VaultError

_NAME = "flask-vault.exe" if os.name == "nt" else "flask-vault"


def find() -> str:
    """The path of flask-vault: FLASK_VAULT_BIN, then PATH, then beside Python and this package."""
    named = os.environ.get("FLASK_VAULT_BIN")
    if named:
        if _executable(named):
            return named
        raise VaultError(f"FLASK_VAULT_BIN: {named} is not a program", 2)
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    directories += [os.path.dirname(sys.executable), os.path.dirname(os.path.abspath(__file__))]
    for directory in directories:
        path = os.path.join(directory, _NAME)
        if os.path.isabs(directory) and _executable(path):
            return path
    raise VaultError(
        "the program flask-vault is not found in PATH",
        3,
        "in its checkout: CGO_ENABLED=0 go install ./cmd/flask-vault; or set FLASK_VAULT_BIN to its path",
    )


def _executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
