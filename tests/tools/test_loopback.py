"""Ports for programs that must be told theirs."""

from __future__ import annotations

import socket

from tools.loopback import free_port, free_ports


def test_nobody_listens_on_them_and_they_differ() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    held = [socket.create_server(("127.0.0.1", port)) for port in ports]
    for one in held:
        one.close()


def test_one_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[0] == "127.0.0.1"
