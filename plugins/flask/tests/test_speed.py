"""Values and tokens a second.

Both are counted for each second of processor time, the child's included, since a
busy machine gives a process only a part of each second; wall time is printed.
"""

import os
import time

from flask_vault import _client
from flask_vault.utils import aes_gcm_decrypt, aes_gcm_encrypt, get_secret


def cpu():
    total = time.process_time()
    with open(f"/proc/{_client.current().process.pid}/stat") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return total + (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def rate(what, call, times):
    best = best_wall = 0.0
    for _ in range(3):
        start, wall = cpu(), time.perf_counter()
        for _ in range(times):
            call()
        best_wall = max(best_wall, times / (time.perf_counter() - wall))
        best = max(best, times / (cpu() - start))
    print(f"{what}: {best:,.0f} a second of processor time, {best_wall:,.0f} a second")
    return max(best, best_wall)


def test_values_a_second(vault):
    vault.write("".join(f"key.{i}: value {i}\n" for i in range(20)) + "db.password: correct horse\n")
    get_secret("db.password")
    assert rate("get_secret", lambda: get_secret("db.password"), 20_000) >= 50_000


def test_lists_a_second(vault):
    """A list or a mapping is copied for each caller, who may change it."""
    vault.write("db: {host: a, user: b, ports: [1, 2]}\nlist: [1, 2, 3]\n")
    get_secret("list")
    assert rate("get_secret, a list", lambda: get_secret("list"), 5_000) >= 10_000
    assert rate("get_secret, a mapping", lambda: get_secret("db"), 5_000) >= 5_000


def test_tokens_a_second(vault):
    data = os.urandom(64)
    token = aes_gcm_encrypt(data)
    assert rate("aes_gcm_encrypt, 64 bytes", lambda: aes_gcm_encrypt(data), 1_500) >= 5_000
    assert rate("aes_gcm_decrypt, 64 bytes", lambda: aes_gcm_decrypt(token), 1_500) >= 5_000
