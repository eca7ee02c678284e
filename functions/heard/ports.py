"""What the use cases need from the world. Adapters keep these promises; tests/contracts holds them to it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from heard.case import Case
from heard.letters import Letter
from heard.link import Link


class NotSent(Exception):
    """The thing was certainly not handed over, so it may be tried again. Carries a code, never content.

    Any other exception leaves the outcome unknown.
    """


class NeverSent(NotSent):
    """Not handed over, and trying again would not help: the address or the letter was refused for good."""


NO_TEXT_MESSAGES = "no_text_messages"
"""The code of a NeverSent from a messenger that sends none."""


class StaleCase(Exception):
    """Somebody changed the case, or the link, since it was read; read it again."""


class Store(Protocol):
    """Keeps cases. What it has accepted survives a crash at any later moment."""

    def accept(self, case: Case) -> Case:
        """Keeps a new case in one conditional write. If its id is taken, changes nothing and returns the kept one."""

    def replace(self, case: Case) -> Case:
        """Keeps a newer state of a case whose stored revision is `case.revision`; raises StaleCase."""

    def with_id(self, case_id: str) -> Case | None: ...

    def with_reference(self, reference: str) -> Case | None: ...

    def with_code_hash(self, code_hash: str) -> Case | None: ...

    def due(self, now: str) -> Iterator[Case]:
        """Cases whose outbox is due at `now`, longest waiting first, read as they are asked for."""

    def to_remind(self, now: str) -> Iterator[Case]:
        """Cases of which the council is to be reminded at `now`, the longest due first."""

    def waiting(self) -> list[Case]:
        """Every case with something left in its outbox, longest waiting first."""

    def listed(self, provider: str) -> Iterator[Case]:
        """Cases on the list of this advocacy service, read as they are asked for."""

    def link(self, address_id: str) -> Link:
        """What is kept of an address that may ask for links; nothing but its id before it first does."""

    def keep_link(self, link: Link) -> None:
        """Keeps a newer state of a link whose stored revision is `link.revision`; raises StaleCase."""

    def accepted_on(self, day: str, beginning: str = "") -> Iterator[Case]:
        """Cases received on a day (ISO, in UTC) whose id begins with `beginning`, read as they are asked for."""

    def forget(self, now: str) -> int:
        """Removes the cases whose time is up and says how many; 0 from a store that does so by itself."""

    def close(self) -> None:
        """Lets go of files and connections. Nothing is lost by not calling it."""


class CouncilQueue(Protocol):
    """Where the council's own systems pick messages up."""

    def send(self, message: dict[str, Any]) -> None:
        """Hands over one message. The same `id` again is not a second message. Raises NotSent."""

    def close(self) -> None:
        """Lets go of files and connections."""


class Replies(Protocol):
    """Where the council's systems read what was not taken of what they said."""

    def send(self, message: dict[str, Any]) -> None:
        """Hands over one reply; given twice it may be there twice, under the same `id`. Raises NotSent."""


class Taken(NamedTuple):
    """A received message, and the handle that deletes it."""

    message: dict[str, Any]
    handle: str


class CouncilInbox(Protocol):
    """The council's end of the queue."""

    def peek(self, limit: int) -> list[dict[str, Any]]: ...

    def receive(self, limit: int, visibility_seconds: int) -> list[Taken]:
        """Up to `limit` messages, hidden from others until deleted or the time is up.

        What is no message stays in the queue and holds up no other.
        """

    def delete(self, handle: str) -> None:
        """Done with it. A handle whose time ran out, when somebody else has received it since, deletes nothing."""


class Messenger(Protocol):
    """Sends a letter to a person."""

    @property
    def sends_texts(self) -> bool:
        """False where letters go out by email alone; a text message is then a NeverSent."""

    def send(self, letter: Letter, letter_id: str) -> None:
        """Raises NotSent when it certainly did not go out."""

    def returned(self) -> Iterable[str]:
        """Ids of the last days' letters that reached nobody, where the service has to be asked for them.

        Empty where it tells by itself, or does not know.
        """
