"""Ends a server that a test runs in a thread of its own."""

from waitress.server import BaseWSGIServer


def stop(server: BaseWSGIServer) -> None:
    """Lets the server's threads end; what it listens with stays open as long as the process.

    `server.close` would close the pipe by which a thread that still answers wakes the server: its byte would go
    into whatever file or connection gets the pipe's number next.
    """
    server.task_dispatcher.shutdown()
