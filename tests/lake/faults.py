"""A proxy before an object store, or a Trino, that answers some requests itself, cuts them, or lets something happen.

Signatures cover the host that the client wrote, so the host goes on as it came: the store checks what the client sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"
ARCHIVED = b"<Error><Code>InvalidObjectState</Code><Message>not valid for the storage class</Message></Error>"


@dataclass(frozen=True)
class Request:
    """What a client asked: `path` with its query, names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def copies(self) -> bool:
        """Whether the store is to copy an object."""
        return self.method == "PUT" and "x-amz-copy-source" in self.headers


@dataclass(frozen=True)
class Answer:
    """An answer in place of the store's; status 0: the connection is cut. `after`: the store was asked first."""

    status: int
    body: bytes = b""
    after: bool = False


Rule = Callable[[Request], Awaitable[Answer | None]]


@dataclass
class Faults:
    """`rule` is asked before each request; None of it lets the store answer. `seen` are all requests."""

    url: str
    rule: Rule | None = None
    seen: list[Request] = field(default_factory=list)
    rewrite: Callable[[Request, bytes], bytes] | None = None
    """Given an answer's head, and then its body, gives another one."""
    answered: Callable[[Request, bytes], Awaitable[None]] | None = None
    """Awaited with an answer's body before the client gets it."""
    most: int = 0
    """The most requests that were under way at once."""
    _now: int = 0
    _serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None
    _server: asyncio.Server | None = None
    _writers: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    async def open(self, port: int = 0) -> None:
        """Take connections, at a port of its own choice at first."""
        assert self._serve is not None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=2**20)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Cut all connections, and refuse new ones."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers.values():
            writer.transport.abort()
        await asyncio.gather(*(task for task in self._writers if task is not asyncio.current_task()))

    async def be_away(self, seconds: float) -> None:
        """Refuse connections for a while."""
        await self.close()
        await asyncio.sleep(seconds)
        await self.open(int(self.url.rpartition(":")[2]))


@asynccontextmanager
async def faults(store: str) -> AsyncIterator[Faults]:
    """A proxy before the store at that URL."""
    host, _, port = store.removeprefix("http://").partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        proxy._writers[task] = writer
        try:
            there = await asyncio.open_connection(host, int(port))
            try:
                while await _exchange(proxy, reader, writer, *there):
                    pass
            finally:
                there[1].close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # clients close what they do not need any more
        finally:
            del proxy._writers[task]
            writer.close()

    proxy = Faults("", _serve=serve)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


async def _exchange(
    proxy: Faults,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    to_there: asyncio.StreamWriter,
) -> bool:
    """One request and its answer. Returns whether the connection lives."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    request = Request(method, path, headers, body)
    proxy.seen.append(request)
    proxy._now += 1
    proxy.most = max(proxy.most, proxy._now)
    try:
        answer = await proxy.rule(request) if proxy.rule is not None else None
        if answer is None or answer.after:
            to_there.write(head + body)
            await to_there.drain()
            said, content = await _answer(there, method)
            if answer is None:
                if proxy.rewrite is not None:
                    said, content = proxy.rewrite(request, said), proxy.rewrite(request, content)
                if proxy.answered is not None:
                    await proxy.answered(request, content)
                writer.write(said.replace(b"@LENGTH@", str(len(content)).encode()) + content)
                await writer.drain()
                return True
        if answer.status == 0:
            writer.transport.abort()
            return False
        head_of_it = f"HTTP/1.1 {answer.status} Told\r\ncontent-length: {len(answer.body)}\r\n\r\n"
        writer.write(head_of_it.encode() + (b"" if method == "HEAD" else answer.body))
        await writer.drain()
        return True
    finally:
        proxy._now -= 1


async def _answer(there: asyncio.StreamReader, method: str) -> tuple[bytes, bytes]:
    """An answer of the store: its head with @LENGTH@ for that of the body, and the whole body."""
    head = await there.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split(" ")[1])
    if method == "HEAD" or status in (204, 304):
        return head, b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        content = b""
        while size := int(await there.readuntil(b"\r\n"), 16):
            content += (await there.readexactly(size + 2))[:-2]
        await there.readexactly(2)
    else:
        content = await there.readexactly(int(headers.get("content-length", "0")))
    kept = [line for line in lines if line.partition(":")[0].lower() not in ("content-length", "transfer-encoding")]
    return "\r\n".join([first, *kept, "content-length: @LENGTH@", "", ""]).encode("latin-1"), content
