"""The annotations hold: mypy --strict."""

import os
import subprocess
import sys

import pytest

from conftest import PACKAGE


def test_mypy(tmp_path):
    try:
        import mypy  # noqa: F401
    except ImportError:
        if os.environ.get("FLASK_VAULT_INTEROP") == "1":
            raise
        pytest.skip("NOT TESTED: mypy is not installed (Debian: python3-mypy)")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "flask_vault"]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
