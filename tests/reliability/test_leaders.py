"""P6 with two schedulers, one killed and one paused; `make soak` disturbs two to five for ten minutes."""

import pytest

from . import leaders
from .scheduler_process import TTL


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_schedulers_have_one_effect_a_slot_and_a_dead_one_is_replaced(database, running_house, tmp_path):
    leaders.prepare()
    schedulers = leaders.Schedulers(running_house, tmp_path)
    try:
        for _ in range(2):
            schedulers.start_one()
        leaders.wait_for_work()
        # In the middle of the nights that it catches up.
        fence = leaders.kill_leader(schedulers)
        fence = leaders.wait_for_work(fence)
        leaders.pause_leader(schedulers, 2 * TTL.total_seconds())
        leaders.wait_for_work(fence)
        leaders.wait_until_caught_up()
    finally:
        schedulers.end()
    leaders.check(largest_gap=leaders.REPLACED_WITHIN)
