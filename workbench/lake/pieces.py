"""A large body cut at line ends, so that several can read it at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from workbench.lake.raw import LINE_END

T = TypeVar("T")

# Bytes; what is smaller stays whole. Pieces of another size need another TRANSFORM_VERSION, as their files' names
# only tell how many there are.
LARGEST: Final = 256 << 20


@dataclass
class Piece:
    """Neighbouring lines, whole, in a file of their own; whoever gets it removes the file."""

    path: Path
    before: int  # lines of the body
    lines: int = 0
    size: int = 0

    def add(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
        self.lines += int(np.count_nonzero(np.frombuffer(data, np.uint8) == LINE_END))
        self.size += len(data)


def cut(chunks: Iterable[bytes], size: int, folder: Path) -> Iterator[Piece]:
    """About so many bytes at a time, and the same each time; `folder` is an empty one."""
    piece = Piece(folder / "0.ndjson", before=0)
    for chunk in chunks:
        rest = chunk
        if piece.size + len(rest) >= size and (end := rest.rfind(b"\n") + 1):
            piece.add(rest[:end])
            yield piece
            before, rest = piece.before + piece.lines, rest[end:]
            piece = Piece(folder / f"{before}.ndjson", before)
        if rest:
            piece.add(rest)
    if piece.size:
        yield piece


def ahead(do: Callable[[Piece], T], pieces: Iterable[Piece], at_once: int) -> Iterator[T]:
    """What `do` makes of each, in their order, on so many threads; no more than one piece waits for them."""
    under_way = deque[Future[T]]()
    with ThreadPoolExecutor(at_once, thread_name_prefix="piece") as readers:
        try:
            for piece in pieces:
                under_way.append(readers.submit(do, piece))
                if len(under_way) > at_once:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            readers.shutdown(cancel_futures=True)
