"""Runs every code block of docs/flask.md, in one directory and in order."""

import os
import re
import subprocess
import sys

from conftest import CHECKOUT

EDITOR = """#!/bin/sh
cat >"$1" <<'END'
%sEND
"""


def plain(text):
    return re.sub(r"\b[0-9a-f]{8}\b", "ID", text)


def test_docs(program, tmp_path, monkeypatch):
    text = (CHECKOUT / "docs" / "flask.md").read_text("utf-8")
    blocks = re.findall(r"^```(\S*)\n(.*?)^```$", text, re.M | re.S)
    assert {kind for kind, _ in blocks} == {"sh-session", "python", "yaml"}

    # Python as an app has it, with pip and without the network.
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", tmp_path / "venv"], check=True)
    (tmp_path / "distutils.cfg").write_text(f"[build]\nbuild_base={tmp_path}/build\n[egg_info]\negg_base={tmp_path}\n")
    (tmp_path / "flask-vault").symlink_to(CHECKOUT)
    shop = tmp_path / "shop"
    shop.mkdir()
    editor = tmp_path / "venv" / "bin" / "some-editor"
    editor.write_text(EDITOR % next(body for kind, body in blocks if kind == "yaml"))
    editor.chmod(0o755)
    flask = tmp_path / "venv" / "bin" / "flask"
    flask.write_text('#!/bin/sh\nexec python3 -m flask "$@"\n')
    flask.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}/venv/bin:{tmp_path}/gobin:{os.environ['PATH']}",
        "GOBIN": f"{tmp_path}/gobin",
        "EDITOR": "some-editor",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's own way to say: without it
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "DIST_EXTRA_CONFIG": f"{tmp_path}/distutils.cfg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    del environment["FLASK_VAULT_BIN"]
    ran = 0
    for kind, body in blocks:
        if kind == "python":
            name = re.match(r"# (\w+\.py)\n", body).group(1)
            (shop / name).write_text(body)
            done = subprocess.run(["python3", name], cwd=shop, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{name}\n{done.stderr}"
            assert done.stdout == ""
            ran += 1
        if kind == "sh-session":
            for command, want in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.M):
                done = subprocess.run(command, shell=True, cwd=shop, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                assert plain(done.stdout) == plain(want), command
                assert done.returncode == 0, command
                ran += 1
    assert ran >= 8
