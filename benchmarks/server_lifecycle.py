"""Behaviour checks that need a server of their own: slow clients, signals, a killed worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time

from server_messages import exchange
from server_process import HOST, ServerProcess

SLOW_THREADS = 8
SLOW_CLIENTS = 64
GUARD_SECONDS = 3
HEADER_SECONDS = 2
PATIENCE = 8.0
OPEN_CALL = b"GET /-probe/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
OPENINGS = {
    "headers": b"POST /-probe/read HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "body": b"POST /-probe/read HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\na",
}


def _is_gone(client: socket.socket) -> bool:
    """Tell whether the server has answered or closed this connection."""
    try:
        client.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _watch(server: ServerProcess, clients: list[socket.socket]) -> str:
    """Send a byte each half second on every slow connection; say when the server let them go."""
    began, left = time.monotonic(), list(clients)
    while left and time.monotonic() - began < PATIENCE:
        for client in left:
            try:
                client.send(b"a")
            except OSError:
                continue
        time.sleep(0.5)
        left = [client for client in left if not _is_gone(client)]
    seconds = time.monotonic() - began
    return f"gone after {seconds:.0f} s" if not left else f"{len(left)} of 64 stay"


def slow_clients(name: str, part: str, guard: bool, threads: int = SLOW_THREADS) -> str:
    """Let 64 slow clients sit on one worker of few threads, and look how others fare."""
    arguments = ["--workers", "1", "--threads", str(threads)]
    arguments += ["--header-seconds", str(HEADER_SECONDS)]
    arguments += ["--guard", str(GUARD_SECONDS)] if guard else []
    server = ServerProcess(name, arguments).start()
    clients = []
    try:
        for _ in range(SLOW_CLIENTS):
            client = socket.create_connection((HOST, server.port))
            client.setblocking(False)
            client.send(OPENINGS[part])
            clients.append(client)
        time.sleep(0.5)
        first = "others answered" if server.answers(1.0) else "others wait"
        fate = _watch(server, clients)
        last = "" if server.answers(1.0) else ", server stuck"
        return f"{first}; {fate}{last}"
    finally:
        for client in clients:
            client.close()
        server.stop()


def _sleeping_call(server: ServerProcess, answers: list[str]) -> threading.Thread:
    """Start a call that takes 2 s; its status is put in ``answers``."""
    request = b"GET /-probe/sleep?2 HTTP/1.1\r\nHost: x\r\n\r\n"

    def call() -> None:
        try:
            answers.append(exchange(server.port, request, wait=4.0).status)
        except OSError as exc:
            answers.append(type(exc).__name__)

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def graceful_stop(name: str) -> dict[str, str]:
    """Send SIGTERM while eight calls of 2 s are being worked on."""
    server = ServerProcess(name, []).start()
    answers: list[str] = []
    threads = [_sleeping_call(server, answers) for _ in range(8)]
    time.sleep(0.7)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.4)
    new = "answered" if server.answers(0.5) else "not answered"
    try:
        status: int | None = server.process.wait(10)
    except subprocess.TimeoutExpired:
        status = None
    seconds = time.monotonic() - began
    for thread in threads:
        thread.join()
    if status is None:
        server.stop(1.0)
    return {
        "SIGTERM: calls in flight answered": f"{answers.count('200')} of 8",
        "SIGTERM: new connections meanwhile": new,
        "SIGTERM: exit status, time": f"{status}, {seconds:.1f} s",
    }


def _worker_pids(server: ServerProcess) -> set[int]:
    """Return the process ids that answer calls."""
    pids = set()
    for _ in range(40):
        try:
            pids.add(exchange(server.port, OPEN_CALL, wait=1.0).facts.get("pid"))
        except OSError:
            time.sleep(0.05)
    return {pid for pid in pids if isinstance(pid, int)}


def restarts(name: str) -> dict[str, str]:
    """Send SIGHUP with a call in flight, then SIGKILL to one worker."""
    server = ServerProcess(name, []).start()
    try:
        found = {"SIGHUP": _hang_up_signal(server)}
        if server.process.poll() is None:
            found["worker killed"] = _kill_worker(server)
        return found
    finally:
        server.stop()


def _hang_up_signal(server: ServerProcess) -> str:
    """Send SIGHUP while a call is being worked on."""
    answers: list[str] = []
    before = _worker_pids(server)
    thread = _sleeping_call(server, answers)
    time.sleep(0.5)
    server.process.send_signal(signal.SIGHUP)
    thread.join()
    time.sleep(8.0)
    if server.process.poll() is not None:
        return f"ends the server, call in flight: {answers[0]}"
    renewed = "workers stay" if before & _worker_pids(server) else "workers replaced"
    return f"{renewed}, call in flight: {answers[0]}"


def _kill_worker(server: ServerProcess) -> str:
    """Kill one worker and look whether another one takes its place."""
    before = _worker_pids(server)
    os.kill(min(before), signal.SIGKILL)
    time.sleep(7.0)
    if server.process.poll() is not None:
        return f"the server ends, status {server.process.returncode}"
    return "replaced" if _worker_pids(server) - before else "not replaced"
