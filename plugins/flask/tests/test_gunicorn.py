"""A real WSGI server with four workers under load, while children die and the vault changes."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

LOADERS = 4


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def children(pid):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if words[1] == str(pid) and words[0] != "Z":
            found.append(int(path.parent.name))
    return found


def vault_children(server):
    return [child for worker in children(server.pid) for child in children(worker)]


@pytest.fixture(params=["", "--preload"])
def server(request, vault, python_path):
    vault.write("db.password: number 0\npin: 0123\ndb:\n  user: shop\n")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    words = [sys.executable, "-m", "gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", "--log-level", "warning"]
    log = open(vault.path / "gunicorn.log", "w+b")
    process = subprocess.Popen([*words, *request.param.split(), "loadapp:app"], stdout=log, stderr=log)
    process.port, process.log = port, vault.path / "gunicorn.log"
    try:
        until(lambda: process.poll() is None and ask(port) is not None)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def ask(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
    except ConnectionRefusedError:
        return None
    assert answer.status == 200, body
    return json.loads(body)


def test_four_workers_under_load(server, vault):
    done = threading.Event()
    failures, workers, counts, seen = [], set(), [0] * LOADERS, [0]

    def load(i):
        try:
            while not done.is_set():
                sure = seen[0]  # this was saved before the question
                answer = ask(server.port)
                workers.add(answer["worker"])
                assert (answer["pin"], answer["user"]) == (83, "shop")
                assert int(answer["password"].split()[1]) >= sure
                counts[i] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(i,)) for i in range(LOADERS)]
    for thread in threads:
        thread.start()
    for number in range(1, 6):
        before = sum(counts)
        vault.set("db.password", f"number {number}")
        seen[0] = number
        for child in vault_children(server):
            with contextlib.suppress(ProcessLookupError):  # replaced meanwhile
                os.kill(child, signal.SIGKILL)
        until(lambda: failures or sum(counts) > before + 10)
    until(lambda: failures or len(workers) == 4)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures, (failures, server.log.read_text())
    assert len(workers) == 4
    assert ask(server.port)["password"] == "number 5"
    print(f"{sum(counts)} answers of {len(workers)} workers")
    left = vault_children(server)
    assert len(left) <= 4
    server.terminate()
    server.wait(timeout=30)
    until(lambda: not [pid for pid in left if os.path.exists(f"/proc/{pid}")])
