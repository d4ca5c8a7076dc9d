"""The law table: every duty can be shown, dated and told apart by how well its text is known."""

from datetime import date, timedelta

import pytest

from rental_mgmt.core.i18n import use_locale
from rental_mgmt.places.law import Mark, UnknownLaw, get_law, in_force, law_at, laws, sentence

ROWS = 231
TODAY = date(2026, 11, 23)


def test_the_table_holds_every_row_with_its_words():
    assert len(laws()) == ROWS
    for id, law in laws().items():
        assert law.id == id
        assert law.zh.endswith("。"), id
        assert law.zh[:1] in "《公七九文建最", id
        assert law.en, id
        assert not set("*`|") & set(law.zh + law.en + law.who + law.penalty), id
        assert "same" not in law.who, id


def test_a_row_is_what_the_law_says():
    law = get_law("psal-2025-68-1")
    assert law.zh == (
        "《治安管理处罚法》第六十八条第一款：房屋出租人应当按规定登记承租人姓名、有效身份证件种类和号码等信息，"
        "不得将房屋出租给身份不明、拒绝登记身份信息的人。"
    )
    assert law.penalty == "500-1 000; lighter: warning or ≤500"
    assert (law.mark, law.valid_from, law.valid_to) == (Mark.READ, date(2026, 1, 1), None)


def test_who_is_named_where_the_table_said_the_same():
    assert get_law("psal-2025-67-3-3").who == "whoever runs 旅馆业, knowing"
    assert get_law("mps-2021-5must-4").who == "lodging operator"


def test_a_text_read_in_full_is_shown_as_it_stands():
    assert sentence("ctl-2018-21", "zh") == get_law("ctl-2018-21").zh
    assert sentence("ctl-2018-21", "en") == get_law("ctl-2018-21").en


@pytest.mark.parametrize("id", ["rent-1995-6", "face-2025-10", "hotel-2020-4-1", "mps-2021-5must-2"])
def test_a_text_not_read_in_full_says_so(id):
    assert sentence(id, "zh").endswith("（以现行有效文本为准）")
    assert sentence(id, "en").endswith("(subject to the text in force)")


def test_a_sentence_follows_the_language_of_the_page():
    with use_locale("en"):
        assert sentence("ctl-2018-21").startswith("Check each customer")
    assert sentence("ctl-2018-21").startswith("《反恐怖主义法》")


def test_only_marked_rows_are_qualified():
    qualified = [id for id in laws() if sentence(id, "zh").endswith("（以现行有效文本为准）")]
    assert len(qualified) == 27
    assert all(get_law(id).mark is not Mark.READ for id in qualified)


def test_noise_changes_its_law_on_the_day_the_code_comes_into_force():
    both = ("eec-2026-594-2", "noise-2021-65-2")
    change = date(2026, 8, 15)
    assert [law.id for law in in_force(both, change - timedelta(days=1))] == ["noise-2021-65-2"]
    assert [law.id for law in in_force(both, change)] == ["eec-2026-594-2"]


def test_a_law_binds_from_its_first_day():
    assert law_at("psal-2025-67-1", date(2025, 12, 31)) is None
    assert law_at("psal-2025-67-1", date(2026, 1, 1)) is get_law("psal-2025-67-1")


def test_an_old_alert_keeps_the_sentence_of_a_law_that_has_ended():
    assert law_at("noise-2021-70", TODAY) is None
    assert "2026-08-15起废止" in sentence("noise-2021-70")


def test_no_row_ends_before_it_begins():
    assert not [law.id for law in laws().values() if law.valid_to and law.valid_to <= law.valid_from]


@pytest.mark.parametrize("ask", [get_law, sentence])
def test_a_wrong_id_is_an_error_at_once(ask):
    with pytest.raises(UnknownLaw, match="psal-2025-999"):
        ask("psal-2025-999")


@pytest.mark.parametrize("ask", [law_at, lambda id, on: in_force([id], on)], ids=["law_at", "in_force"])
def test_a_wrong_id_is_an_error_on_any_day(ask):
    with pytest.raises(UnknownLaw, match="psal-2025-999"):
        ask("psal-2025-999", TODAY)
