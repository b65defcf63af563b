"""Real peers on loopback: an MPEG-TS sender that can stop in mid-stream, and a small RTSP server (RFC 2326)."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
from types import TracebackType
from typing import Self

import av

from tests.contract.footage import grey, luma_of


class Server:
    """Accepts connections one after another on a free port; `serve` is what it does with each."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.stopped = threading.Event()
        self._peers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        for channel in (self._listener, *self._peers):
            channel.close()
        self._thread.join()

    def serve(self, peer: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        self._listener.settimeout(0.1)
        while not self.stopped.is_set():
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            peer.settimeout(None)
            self._peers.append(peer)
            try:
                self.serve(peer)
            except OSError:
                peer.close()


class TransportStream(Server):
    """Sends a whole MPEG-TS file at once, then falls silent, or hangs up when `hang_up` is set."""

    def __init__(self, content: bytes, *, hang_up: bool = False) -> None:
        super().__init__()
        self._content = content
        self.hang_up = hang_up
        self.served = 0

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def serve(self, peer: socket.socket) -> None:
        self.served += 1
        peer.sendall(self._content)
        if self.hang_up:
            peer.close()


class RtspCamera(Server):
    """Plays grey MJPEG pictures at 25 per second over interleaved RTP, to whoever knows `login` (user:password)."""

    SIZE = (64, 48)

    def __init__(self, login: str = "") -> None:
        super().__init__()
        self._login = login

    @property
    def url(self) -> str:
        return f"rtsp://{self._login + '@' if self._login else ''}127.0.0.1:{self.port}/aisle"

    def serve(self, peer: socket.socket) -> None:
        requests = peer.makefile("rb")
        while request := self._read_request(requests):
            method, sequence, authorised = request
            self._answer(peer, method, sequence, authorised)
            if method == "PLAY" and authorised:
                self._play(peer)
                return

    def _read_request(self, requests: object) -> tuple[str, str, bool] | None:
        lines: list[str] = []
        while (line := requests.readline().decode().strip()) or not lines:  # type: ignore[attr-defined]
            if not line:
                return None
            lines.append(line)
        head = "\n".join(lines)
        sequence = re.search(r"CSeq: (\d+)", head)
        token = base64.b64encode(self._login.encode()).decode()
        return lines[0].split()[0], sequence[1] if sequence else "0", not self._login or f"Basic {token}" in head

    def _answer(self, peer: socket.socket, method: str, sequence: str, authorised: bool) -> None:
        status, extra, body = "200 OK", "Session: 1\r\n", ""
        if not authorised and method != "OPTIONS":
            status, extra = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "DESCRIBE":
            body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=aisle\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track\r\n"
            extra += "Content-Type: application/sdp\r\n"
        elif method == "SETUP":
            extra += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        peer.sendall(
            f"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def _play(self, peer: socket.socket) -> None:
        channel = _Interleaved(peer)
        with av.open(channel, "w", format="rtp", container_options={"packetsize": "1400"}) as container:
            stream = container.add_stream("mjpeg", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = self.SIZE
            stream.pix_fmt = "yuvj420p"
            number = 0
            while channel.alive and not self.stopped.wait(1 / 25):
                image = grey(luma_of(number), self.SIZE).reformat(format="yuvj420p")
                image.pts = number
                container.mux(stream.encode(image))
                number += 1


class _Interleaved:
    """Frames each RTP or RTCP packet for the RTSP connection (RFC 2326, 10.12)."""

    name = "interleaved.rtp"

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self.alive = True

    def write(self, packet: bytes) -> int:
        channel = 1 if 200 <= packet[1] <= 204 else 0
        try:
            self._peer.sendall(struct.pack(">cBH", b"$", channel, len(packet)) + bytes(packet))
        except OSError:
            self.alive = False
        return len(packet)
