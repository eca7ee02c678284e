"""Everything the use cases are handed. Wiring builds it; nobody else chooses what is in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heard.clock import Calendar
from heard.ports import CouncilInbox, CouncilQueue, Messenger, Store
from heard.receipt import Peppers


@dataclass(frozen=True)
class Services:
    """One machine's, or one function's, view of the world."""

    store: Store
    queue: CouncilQueue
    inbox: CouncilInbox
    messenger: Messenger
    peppers: Peppers
    council: dict[str, Any]
    calendar: Calendar
    clock: Callable[[], datetime]

    def close(self) -> None:
        self.store.close()
        self.queue.close()
