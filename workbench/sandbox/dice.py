"""Randomness decided by a seed and some words: the same words give the same throws, in any process."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Self

_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _number(words: tuple[object, ...]) -> int:
    return int.from_bytes(blake2b("\x1f".join(map(str, words)).encode("utf-8", "replace"), digest_size=8).digest())


def share(*words: object) -> float:
    """A number in [0, 1) that the words decide."""
    return _number(words) / 2**64


class Dice(random.Random):
    """A throw of its own for every record."""

    def __init__(self, *words: object) -> None:
        super().__init__(_number(words))

    def __new__(cls, *_words: object) -> Self:
        return super().__new__(cls)

    def now_and_then(self, one_in: int) -> bool:
        return self.randrange(one_in) == 0

    def digits(self, count: int) -> str:
        return str(self.randrange(10 ** (count - 1), 10**count))

    def base36(self, count: int) -> str:
        return self._letters(_BASE36, count)

    def base64(self, count: int) -> str:
        return self._letters(_BASE64, count)

    def _letters(self, alphabet: str, count: int) -> str:
        """What `choices` gives, in less time: a row has many of them."""
        throw, size = self.random, len(alphabet)
        return "".join([alphabet[int(throw() * size)] for _ in range(count)])

    def crowd(self, most: int) -> int:
        """A count as people give them: mostly small, now and then huge."""
        return int(most ** self.random())


def iso(moment: float) -> str:
    """The vendor's way to write a time: `2025-09-22T15:00:10.000Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(moment % 1 * 1000):03d}Z"
