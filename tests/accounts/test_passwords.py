"""New passwords and PINs: long enough, not what others try first; hashing in two slots per worker."""

import threading

import pytest

from rental_mgmt.accounts import passwords
from rental_mgmt.accounts.passwords import check_new_password, check_new_pin, common_passwords, matches
from rental_mgmt.core.errors import Invalid, Unavailable


def test_the_list_of_common_passwords_is_long_and_all_of_it_could_be_typed():
    listed = common_passwords() - {""}
    assert len(listed) >= 3000
    assert min(map(len, listed)) >= passwords.SHORTEST


@pytest.mark.parametrize(
    "password",
    [
        "three quiet herons",
        "十二个字符的密码也完全可以用",
        "x" * 5 + "correct horse battery" + "y" * 38,
        "mAy5 trees; not one less",
        "𠮷野家的牛肉饭真好吃呀呀",
    ],
)
def test_a_good_password_of_any_characters(password):
    check_new_password(password, "wang.fang", "13800008000", "王芳")


@pytest.mark.parametrize(
    "password",
    [
        "eleven char",
        "password12345",
        "Password12345",
        "qwertyuiop123456",
        "wangyuefang2026",
        "平安网约房2026社区民宿物业网格",
        "wang.fang13800008000",
        "aaaaaaaaaaaaaaaa",
        "z" * 129,
    ],
)
def test_a_password_that_others_try_first(password):
    with pytest.raises(Invalid):
        check_new_password(password, "wang.fang", "13800008000", "王芳")


@pytest.mark.parametrize("pin", ["314592", "907316"])
def test_a_good_pin(pin):
    check_new_pin(pin)


@pytest.mark.parametrize(
    "pin",
    [
        "123456",
        "987654",
        "111111",
        "121212",
        "123123",
        "199001",
        "202612",
        "12345",
        "1234567",
        "12a456",
        "１２３４５６",
    ],
)
def test_a_pin_that_a_finder_tries_first(pin):
    with pytest.raises(Invalid):
        check_new_pin(pin)


def test_nothing_is_cut_off_or_trimmed():
    kept = passwords.hashed("p" * 80 + "a")
    assert matches("p" * 80 + "a", kept)
    assert not matches("p" * 80 + "b", kept)
    assert not matches("p" * 80 + "a ", kept)


def test_nobody_has_the_password_of_nobody():
    assert not matches("anything at all", None)
    assert not matches("", None)


def test_a_busy_worker_says_so_politely(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.05)
    taken = threading.Semaphore(0)
    monkeypatch.setattr(passwords, "_slots", taken)
    with pytest.raises(Unavailable) as refused:
        matches("anything at all", None)
    assert refused.value.retry_after
