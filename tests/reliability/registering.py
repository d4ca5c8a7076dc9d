"""Programs of landlords that register guests and send again, with the same key, what was not answered."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from queue import SimpleQueue

from tests.support import people
from tests.support.bulk import open_stays
from tests.support.world import World

BEDS = 4


@dataclass
class Registering:
    """What is to be registered, by whom, and what was acknowledged: {idempotency key: uid of the guest}."""

    port: int
    headers: list[dict[str, str]]
    stays: list[list[str]]
    acknowledged: dict[str, str] = field(default_factory=dict)
    answers: Counter = field(default_factory=Counter)
    replayed: int = 0
    refused: list[str] = field(default_factory=list)

    @classmethod
    def prepared(cls, world: World, port: int, clients: int, each: int) -> "Registering":
        """So many landlords, each of a community of their own, with flats for so many guests."""
        headers, stays = [], []
        for number in range(clients):
            owner = world.landlord()
            building = world.building(compound=world.compound(community=world.community(f"社区{number}")))
            flat = world.flat(owner.target, building)
            headers.append(world.key(owner) | {"Content-Type": "application/json"})
            stays.append(open_stays(flat, each // BEDS + 1, BEDS))
        return cls(port, headers, stays)

    def start(self) -> None:
        self._stopping, self._faults, self._abandoned = threading.Event(), SimpleQueue(), False
        self._threads = [
            threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(len(self.headers))
        ]
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 60) -> None:
        """Let each client bring its last registration to an answer, and end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)
        assert not any(thread.is_alive() for thread in self._threads), "a client never got its answer"
        assert self._faults.empty(), self._faults.get()

    def abandon(self) -> None:
        """End without an answer: the test has failed."""
        self._stopping.set()
        self._abandoned = True

    def _client(self, number: int) -> None:
        try:
            for turn, stay in enumerate(self.stays[number]):
                for bed in range(BEDS):
                    if self._stopping.is_set():
                        return
                    self._register(number, stay, turn * BEDS + bed)
        except Exception as fault:
            self._faults.put(f"client {number}: {fault!r}")

    def _register(self, number: int, stay: str, turn: int) -> None:
        """Until it is acknowledged, however often the server dies meanwhile."""
        who = people.person(number * 1_000_000 + turn)
        body = json.dumps({"name": who.name, "number": who.id_number, "phone": who.phone}).encode()
        key = f"client-{number}-guest-{turn}"
        while key not in self.acknowledged and not self._abandoned:
            answer = self._ask(f"/api/v1/stays/{stay}/guests", self.headers[number], key, body)
            if answer is None:
                time.sleep(0.02)

    def _ask(self, path: str, headers: dict, key: str, body: bytes) -> int | None:
        """The status when it is an answer, None when it is to be sent again."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, body, headers | {"Idempotency-Key": key})
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as cut:
            self.answers[type(cut).__name__] += 1
            return None
        finally:
            connection.close()
        self.answers[answer.status] += 1
        if answer.status == 201:
            self.acknowledged[key] = json.loads(said)["uid"]
            self.replayed += "Idempotency-Replayed" in answer.headers
            return 201
        # 503: busy or away; 409: the first try is still under way.
        assert answer.status in (503, 409), f"{answer.status} {said.decode()}"
        return None
