"""The life of the child process, and what the Python process holds."""

import base64
import os
import pathlib
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from flask_vault import VaultError, _client
from flask_vault.utils import aes_gcm_decrypt, aes_gcm_encrypt, get_secret


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_one_child_for_all_questions(vault):
    get_secret("db.password")
    pid = _client.current().process.pid
    for _ in range(50):
        get_secret("db.password")
        get_secret("nothing at all")
        aes_gcm_encrypt("x")
    assert _client.current().process.pid == pid


def test_without_poll(vault, monkeypatch):
    monkeypatch.delattr(select, "poll")  # as eventlet does
    assert get_secret("db.password") == "correct horse"
    data = b"x" * (1 << 20)  # more than a pipe holds
    assert aes_gcm_decrypt(aes_gcm_encrypt(data)) == data


def test_killed_children_are_replaced_and_nothing_is_lost(vault):
    done = threading.Event()
    failures, answers = [], []

    def work():
        try:
            while not done.is_set():
                token = aes_gcm_encrypt("hello")
                assert aes_gcm_decrypt(token) == b"hello"
                assert get_secret("db.password") == "correct horse"
                answers.append(1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    killed = set()
    for _ in range(10):
        until(lambda: _client.current().process.pid not in killed | {None})
        pid, before = _client.current().process.pid, len(answers)
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(answers) > before + 5 or failures)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(killed) == 10


def test_a_program_that_always_ends_is_an_error(vault, tmp_path, monkeypatch):
    program = tmp_path / "ends"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setenv("FLASK_VAULT_BIN", str(program))
    with pytest.raises(VaultError, match="ended with code 7"):
        get_secret("db.password")


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def test_a_stopped_child_is_replaced(vault, monkeypatch):
    monkeypatch.setenv("FLASK_VAULT_TIMEOUT", "2")
    token = aes_gcm_encrypt("x")
    first = _client.current().process.pid
    os.kill(first, signal.SIGSTOP)
    assert aes_gcm_decrypt(token) == b"x"
    assert _client.current().process.pid != first
    assert not alive(first)


def test_a_program_that_never_answers_is_an_error(vault, tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_VAULT_BIN", script(tmp_path / "sleeps", "exec sleep 1000\n"))
    monkeypatch.setenv("FLASK_VAULT_TIMEOUT", "0.3")
    with pytest.raises(VaultError, match="does not answer within 0.3 seconds") as caught:
        get_secret("db.username")
    assert "FLASK_VAULT_TIMEOUT" in caught.value.hint
    assert _client.current().process.pid is None
    for wrong in ("soon", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("FLASK_VAULT_TIMEOUT", wrong)
        with pytest.raises(VaultError, match="not a number of seconds"):
            get_secret("db.username")


@pytest.mark.parametrize("answer", ["hello", "[1]", "3", '{"id": 1, "error": {}}', "\\377"])
def test_a_program_that_answers_something_else_is_an_error(vault, tmp_path, monkeypatch, answer):
    monkeypatch.setenv("FLASK_VAULT_BIN", script(tmp_path / "other", f"while read line; do printf '{answer}\\n'; done\n"))
    with pytest.raises(VaultError, match="not its protocol|another question"):
        get_secret("db.username")


def test_descriptors_that_the_app_closed_and_opened_anew_stay_the_apps(vault, python_path, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"""
import os
from flask_vault.utils import aes_gcm_encrypt, get_secret
aes_gcm_encrypt("x")
os.closerange(3, 256)
files = [open({str(tmp_path)!r} + f"/file{{i}}", "w+") for i in range(10)]
token = aes_gcm_encrypt("x")
assert get_secret("db.username") == "shop"
for f in files:
    f.write("the app's")
    f.close()
    assert open(f.name).read() == "the app's", f.name
print("well")
""",
        ],
        stdout=subprocess.PIPE,
        timeout=120,
    )
    assert done.stdout.strip() == b"well"


def test_errors_can_be_pickled(vault):
    import copy
    import pickle

    import cryptography.exceptions

    from flask_vault.errors import from_answer

    for code, kind in ((1, VaultError), (4, FileNotFoundError), (7, ValueError), (6, cryptography.exceptions.InvalidTag)):
        error = from_answer(code, "it says so", "do this")
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(again) is type(error) and isinstance(again, kind) and isinstance(again, VaultError)
            assert (str(again), again.code, again.hint) == (str(error), code, "do this")


@pytest.mark.parametrize("key", [None, 1, True, 2.5, b"db.username", ["db"], object()])
def test_a_key_that_is_no_text_is_an_error(vault, key):
    with pytest.raises(TypeError) as caught:
        get_secret(key)
    assert isinstance(caught.value, VaultError) and caught.value.code == 2


def test_a_change_is_seen_while_another_thread_asks(vault):
    """The thread that asks is held up at the pipe; another one must not take the old value meanwhile."""
    assert get_secret("db.username") == "shop"
    client = _client.current()
    client._snapshot.ask_at = 1.0  # long ago
    asking, go_on = threading.Event(), threading.Event()
    ask = client.process.ask

    def slow(op, **arguments):
        answer = ask(op, **arguments)
        if op == "snapshot" and not asking.is_set():
            asking.set()
            go_on.wait(60)
        return answer

    client.process.ask = slow
    first = threading.Thread(target=get_secret, args=("db.username",))
    first.start()
    assert asking.wait(60)
    assert get_secret("db.username") == "shop"  # nothing changed: it does not wait
    vault.set("db.username", "other")
    seen = []
    second = threading.Thread(target=lambda: seen.append(get_secret("db.username")))
    second.start()
    second.join(0.3)
    assert seen in ([], ["other"])
    go_on.set()
    first.join(60)
    second.join(60)
    assert seen == ["other"]


def test_an_interrupt_does_not_mix_up_answers(vault):
    class Interrupt(Exception):
        pass

    def interrupt(*_):
        raise Interrupt

    token = aes_gcm_encrypt("x")
    old = signal.signal(signal.SIGALRM, interrupt)
    hit = 0
    try:
        for i in range(80):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + i % 10 * 0.00005)
                for _ in range(20):
                    assert aes_gcm_decrypt(token) == b"x"
            except Interrupt:
                hit += 1
            finally:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Interrupt:
                    hit += 1
    finally:
        signal.signal(signal.SIGALRM, old)
    assert hit > 0
    assert aes_gcm_decrypt(token) == b"x"


CHILD = """
import os, sys, time
from flask_vault import _client
from flask_vault.utils import get_secret, aes_gcm_encrypt
assert get_secret("db.password") == "correct horse"
aes_gcm_encrypt("x")
"""


def start(code):
    process = subprocess.Popen([sys.executable, "-c", CHILD + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(vault, python_path, how):
    process, pid = start("print(_client.current().process.pid, flush=True); time.sleep(60)")
    assert alive(pid)
    process.send_signal(how)
    process.communicate()
    until(lambda: not alive(pid))


def test_it_ends_with_its_parent_though_another_process_holds_the_pipe(vault, python_path):
    code = """
pipe = os.dup(_client.current().process._in.fd())
print(_client.current().process.pid, flush=True)
holder = os.fork()
if holder:
    print(holder, flush=True)
time.sleep(60)
"""
    process, pid = start(code)
    holder = int(process.stdout.readline())
    process.kill()
    process.wait()
    until(lambda: not alive(pid))
    assert alive(holder)
    os.kill(holder, signal.SIGKILL)
    process.communicate()


def test_it_outlives_the_thread_that_started_it(vault):
    thread = threading.Thread(target=get_secret, args=("db.password",))
    thread.start()
    thread.join()
    pid = _client.current().process.pid
    aes_gcm_encrypt("x")
    assert _client.current().process.pid == pid


def test_fork(vault, python_path):
    code = """
parent = _client.current().process.pid
for _ in range(3):
    child = os.fork()
    if child == 0:
        assert get_secret("db.password") == "correct horse"
        aes_gcm_encrypt("x")
        assert _client.current().process.pid != parent
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
aes_gcm_encrypt("x")
assert _client.current().process.pid == parent
print("done", flush=True)
"""
    process, said = start(code)
    process.communicate()
    assert said == "done"


def test_the_key_is_not_in_the_python_process(vault, python_path):
    process, _ = start("print('ready', flush=True); sys.stdin.read()")
    memory = b""
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
        for line in maps:
            words = line.split()
            if "w" in words[1]:
                begin, end = (int(x, 16) for x in words[0].split("-"))
                mem.seek(begin)
                memory += mem.read(end - begin)
    process.communicate()
    text = vault.key().strip()
    assert b"correct horse" in memory  # the values are there
    assert text not in memory
    assert base64.urlsafe_b64decode(text) not in memory


def test_its_errors_hold_no_secret(vault, python_path, capfd):
    vault.write("db.password: correct horse\nother: x\n")
    path = vault.path / "credentials.yml.enc"
    get_secret("db.password")
    path.write_bytes(aes_gcm_encrypt("db.password: @hunter2 is broken\n"))
    with pytest.raises(VaultError) as caught:
        _client.close()
        get_secret("db.password")
    assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert "hunter2" not in "".join(capfd.readouterr())
