"""Ports for servers that cannot be told to choose one by themselves."""

import socket


def free_port() -> int:
    """One of loopback that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
