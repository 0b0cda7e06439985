"""A server of one file, on this machine."""

from __future__ import annotations

import contextlib
import http.server

CONTENT = bytes(range(256)) * 4000


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; can cut answers off, and notes what was asked for."""

    content = CONTENT
    status = 200
    cut_after: int | None = None
    ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.bin"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        content, status = self.server.content, self.server.status
        start = 0
        if wanted and self.server.ranges and status == 200:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(content) else 416
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) - start))
        if status == 206:
            total = len(content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        if status != 416:
            # Who refuses what it is sent hangs up.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content[start : self.server.cut_after])

    def log_message(self, *args) -> None:
        pass
