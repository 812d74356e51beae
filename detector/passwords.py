"""Passwords: hashed slowly on purpose (Argon2id, RFC 9106), beside the event loop, a few at once.

One hash takes 19 MiB and about 30 ms: at most `AT_ONCE` are made at a time and `MOST_WAITING` wait, so that a flood of
sign-ins takes neither the memory nor the machine.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")
AT_ONCE = 2
MOST_WAITING = 16
SHORTEST = 12
LONGEST = 256  #: characters: enough for any sentence
#: What OWASP names for machines with little memory: 19 MiB, two passes, one thread.
PASSES, KIBIBYTES, LANES = 2, 19 * 1024, 1


class TooMany(Exception):
    """So many wait to be hashed that another one is not taken on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is the one."""

    is_right: bool
    rehashed: str | None = None  #: the same under today's parameters, if it was hashed under others


class Passwords:
    """Hashes and compares.

    Args:
        hasher: With what parameters; None: `PASSES`, `KIBIBYTES` and `LANES`.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(PASSES, KIBIBYTES, LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._nobodys = ""  #: hash of what nobody knows

    async def hash(self, password: str) -> str:
        """What is to be stored.

        Raises:
            TooMany: try again.
        """
        return await self._beside(lambda: self._hasher.hash(normal(password)))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether *password* is the one that *stored* was made of. Takes as long where nothing is stored.

        Raises:
            TooMany: try again.
        """
        return await self._beside(lambda: self._compared(stored, normal(password)))

    def close(self) -> None:
        """End the threads; what is being hashed ends within a blink."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _compared(self, stored: str | None, password: str) -> Verdict:
        self._nobodys = self._nobodys or self._hasher.hash("nobody's")
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return Verdict(is_right=False)
        if stored is None:
            return Verdict(is_right=False)
        return Verdict(
            is_right=True, rehashed=self._hasher.hash(password) if self._hasher.check_needs_rehash(stored) else None
        )

    async def _beside(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def normal(password: str) -> str:
    """One form of what looks alike, whatever keyboard typed it (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, *names: str) -> str:
    """Why *password* must not be used by whoever bears *names*; "" if it may be."""
    text = normal(password)
    if len(text) < SHORTEST:
        return f"it has {len(text)} characters, and {SHORTEST} are needed; a few words do it"
    if len(text) > LONGEST:
        return f"it has {len(text):,} characters, and at most {LONGEST} fit"
    if len(set(text.casefold())) < 5:
        return "it repeats a few characters"
    small = text.casefold()
    if any(len(name) > 2 and len(small.replace(name.casefold(), "")) < SHORTEST // 2 for name in names):
        return "it is little more than the name"
    return ""
