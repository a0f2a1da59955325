"""Reading the database from asynchronous code without holding a connection.

Django gives every request a thread and a connection of its own; a live stream that lasts a shift
must not keep one. What is read here borrows a thread and a connection and gives both back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from django.db import connections

Args = TypeVarTuple("Args")
T = TypeVar("T")

_READERS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="reading")


async def read(question: Callable[[*Args], T], *args: *Args) -> T:
    """Return what *question* answers, asked in a borrowed thread."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_READERS, _ask, question, *args)


def _ask(question: Callable[[*Args], T], *args: *Args) -> T:
    try:
        return question(*args)
    finally:
        connections.close_all()
