"""P3: the same key a hundred times at once is one registration and a hundred equal answers."""

import json
import threading

import requests
from sqlalchemy import func, select

from rental_mgmt.core.db import engine, session
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.stays.models import Guest
from tests.support import people
from tests.support.processes import served
from tests.support.world import World

TIMES = 100


def test_a_hundred_at_once_are_one(database, running_house, tmp_path):
    world, person = World(), people.person(1)
    owner = world.landlord()
    stay = world.stay(owner, world.flat(owner.target))
    headers = world.key(owner) | {"Content-Type": "application/json", "Idempotency-Key": "pressed-twice"}
    body = json.dumps({"name": person.name, "number": person.id_number, "phone": person.phone})
    session.remove()
    engine().dispose()
    together, answers = threading.Barrier(TIMES), []

    def press(address: str) -> None:
        together.wait(30)
        sent = requests.post(f"{address}/api/v1/stays/{stay.uid}/guests", body, headers=headers, timeout=60)
        answers.append((sent.status_code, sent.content, sent.headers["Content-Type"]))

    workers = 2 if database.name == "postgresql" else 1
    with served(running_house, tmp_path, workers=workers, threads=4) as server:
        threads = [threading.Thread(target=press, args=(server.address,)) for _ in range(TIMES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(answers) == TIMES
    assert {status for status, *_ in answers} == {201}
    assert len(set(answers)) == 1
    assert session.scalar(select(func.count()).select_from(Guest)) == 1
    assert session.scalar(select(func.count()).select_from(Outbox)) == 1
