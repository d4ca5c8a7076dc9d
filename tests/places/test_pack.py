"""Jurisdiction packs: the place's rules come from files, checked before anybody relies on them."""

import json
from datetime import date, timedelta

import pytest

from rental_mgmt.core.i18n import use_locale
from rental_mgmt.core.seal import Retention
from rental_mgmt.places.law import laws
from rental_mgmt.places.pack import (
    FOLDER,
    DecidedBy,
    LegalRegime,
    PackError,
    Packs,
    Topic,
    UnknownPack,
    pack_codes,
    pack_for,
)

TODAY = date(2026, 11, 23)
WHO = {"operator": "王{某}", "platform": "东方新城二期物业", "contact": "028-00000000"}


@pytest.fixture
def chengdu():
    return pack_for("chengdu", TODAY)


@pytest.fixture
def folder(tmp_path):
    """The shipped packs, to be changed."""
    for path in FOLDER.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def change(folder, name, **keys):
    """Change keys of a pack's file; a dotted path is written with __, None takes the key out."""
    path = folder / f"{name}.json"
    raw = json.loads(path.read_text("utf-8"))
    for key, value in keys.items():
        *outer, last = key.split("__")
        inner = raw
        for part in outer:
            inner = inner.setdefault(part, {})
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    path.write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


def write(folder, name, **raw):
    (folder / f"{name}.json").write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


# --- what is shipped ----------------------------------------------------------------------------------------


def test_the_shipped_packs_are_whole():
    assert pack_codes() == ["chengdu", "national"]
    assert set(Packs().versions) == {"chengdu", "national"}


def test_chengdu_says_its_own_words_and_takes_the_rest_from_the_nation(chengdu):
    national = pack_for("national", TODAY)
    assert str(chengdu.words["filing_decided"]) == "已确认"
    assert str(national.words["filing_decided"]) == "已核验"
    assert chengdu.words["filing_checked"] == national.words["filing_checked"]
    assert chengdu.deadlines == national.deadlines
    assert chengdu.decided_by is DecidedBy.LIAISON
    assert chengdu.extends == "national"


def test_words_follow_the_language_of_the_page(chengdu):
    with use_locale("en"):
        assert str(chengdu.words["filing_decided"]) == "Confirmed"


def test_deadlines_ages_and_terms(chengdu):
    assert chengdu.deadlines.registration_note == timedelta(minutes=30)
    assert chengdu.deadlines.registration_breach == timedelta(hours=2)
    assert chengdu.deadlines.overseas_warn == timedelta(hours=12)
    assert chengdu.deadlines.overseas_raise == timedelta(hours=20)
    assert chengdu.deadlines.overseas_report == timedelta(hours=24)
    assert chengdu.deadlines.hk_macao_taiwan_report == timedelta(hours=24)
    assert chengdu.deadlines.filing_check_working_days == 5
    assert (chengdu.ages.minor, chengdu.ages.strong, chengdu.ages.sensitive) == (18, 16, 14)
    assert chengdu.safe_harbour_days == 30
    assert chengdu.retention_months["guest"] == 12
    assert chengdu.retention_months["minor"] == 6


def test_every_class_of_sealed_data_that_ages_by_months_has_its_months(chengdu):
    by_other_means = {Retention.IDEMPOTENCY, Retention.HOLD}
    assert set(Retention) - by_other_means <= set(chengdu.retention_months)


@pytest.mark.parametrize(
    ("beds", "area", "declared", "limit"),
    [(2, 60, 10, 4), (4, 24.9, 10, 4), (4, 25, 10, 5), (4, 60, 3, 3), (1, 4.9, 2, 0), (3, 29.99999, 9, 5)],
)
def test_capacity_is_the_least_of_beds_area_and_declared(chengdu, beds, area, declared, limit):
    assert chengdu.capacity.limit(beds, area, declared) == limit


def test_an_undecided_unit_is_held_to_what_binds_everyone(chengdu):
    basis = chengdu.basis(Topic.REGISTER, LegalRegime.UNDECIDED, TODAY)
    assert [law.id for law in basis] == ["ctl-2018-21", "mpl-2024-57", "wpl-2022-26"]
    assert chengdu.preset_regime is LegalRegime.UNDECIDED


def test_no_regime_is_shown_the_law_of_another(chengdu):
    def ids(regime):
        return {law.id for topic in Topic for law in chengdu.basis(topic, regime, TODAY)}

    assert not {id for id in ids(LegalRegime.HOTEL) if id.startswith(("hrr-", "psal-2025-68", "eel-2012-39-2"))}
    for regime in set(LegalRegime) - {LegalRegime.HOTEL}:
        assert not {id for id in ids(regime) if id.startswith(("hotel-", "psal-2025-67", "eel-2012-39-1"))}, (
            regime
        )


def test_a_basis_names_only_laws_in_force_that_day(chengdu):
    before = chengdu.basis(Topic.REGISTER, LegalRegime.HOTEL, date(2025, 12, 31))
    assert [law.id for law in before] == ["hotel-2020-6-1", "ctl-2018-21"]


def test_a_regime_may_come_as_the_word_it_is_stored_as(chengdu):
    assert chengdu.basis("foreign", "rental", TODAY)[0].id == "eel-2012-39-2"


def test_papers_depend_on_regime_and_on_who_lets(chengdu):
    def required(regime, role):
        return {paper.kind for paper in chengdu.papers_for(regime, role) if paper.required}

    assert required("undecided", "owner") == {"safety_pledge"}
    assert required("undecided", "sublessor") == {"safety_pledge", "owner_consent"}
    assert required("hotel", "owner") == {"safety_pledge", "business_licence", "fire_certificate"}


@pytest.mark.parametrize("regime", LegalRegime)
@pytest.mark.parametrize("role", ["owner", "sublessor", "agent"])
def test_no_paper_is_asked_for_twice(chengdu, regime, role):
    kinds = [paper.kind for paper in chengdu.papers_for(regime, role)]
    assert len(kinds) == len(set(kinds))


def test_the_neighbours_consent_is_never_a_condition_of_the_police(chengdu):
    consent = [paper for paper in chengdu.papers if paper.kind == "neighbour_consent"]
    assert [paper.required for paper in consent] == [False]
    assert "互不代替" in str(chengdu.words["two_flags"])


def test_every_paper_has_its_step_and_every_step_its_paper(chengdu):
    in_steps = [kind for step in chengdu.steps for kind in step.papers]
    assert sorted(in_steps) == sorted({paper.kind for paper in chengdu.papers})


def test_required_fields_stand_in_the_order_of_the_steps(chengdu):
    assert chengdu.required_fields[:2] == ("door", "area")
    assert "declared_capacity" in chengdu.required_fields
    assert "nickname" not in chengdu.required_fields


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", ["guest", "minor", "overseas"])
def test_a_notice_is_filled_in_whole(chengdu, name, locale):
    with use_locale(locale):
        sections = chengdu.read_notice(name, **WHO)
    assert all(heading and text for heading, text in sections)
    assert "{" not in "".join(text for _, text in sections).replace("王{某}", "")


def test_the_guests_notice_says_what_the_law_asks_for(chengdu):
    text = "".join(f"{heading}{words}" for heading, words in chengdu.read_notice("guest", **WHO))
    for said in (
        "王{某}",
        "东方新城二期物业",
        "028-00000000",
        "证件种类和号码",
        "12 个月",
        "6 个月",
        "查阅、复制、更正",
    ):
        assert said in text
    assert {"pipl-2021-17", "pipl-2021-30"} <= set(chengdu.notices["guest"].basis) <= set(laws())


def test_an_unknown_code_is_said():
    with pytest.raises(UnknownPack):
        pack_for("atlantis", TODAY)


def test_a_pack_is_read_once():
    assert pack_for("chengdu", TODAY) is pack_for("chengdu", TODAY)


# --- versions -----------------------------------------------------------------------------------------------


def test_a_new_version_holds_from_its_day(folder):
    write(
        folder,
        "chengdu-2027",
        code="chengdu",
        extends="national",
        title={"zh": "成都市", "en": "Chengdu"},
        effective_from="2027-03-01",
        deadlines={"registration_breach_minutes": 60},
    )
    packs = Packs(folder)
    before, after = packs.find("chengdu", date(2027, 2, 28)), packs.find("chengdu", date(2027, 3, 1))
    assert before.deadlines.registration_breach == timedelta(hours=2)
    assert after.deadlines.registration_breach == timedelta(hours=1)
    assert after.deadlines.registration_note == before.deadlines.registration_note


def test_a_new_national_version_reaches_the_cities(folder):
    national = json.loads((folder / "national.json").read_text("utf-8"))
    write(folder, "national-2028", **national | {"effective_from": "2028-01-01", "safe_harbour_days": 10})
    packs = Packs(folder)
    assert packs.find("chengdu", date(2027, 12, 31)).safe_harbour_days == 30
    assert packs.find("chengdu", date(2028, 1, 1)).safe_harbour_days == 10


def test_days_before_the_first_version_are_judged_by_it():
    assert pack_for("chengdu", date(2020, 1, 1)).deadlines == pack_for("chengdu", TODAY).deadlines


# --- slips are named by file and key ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"colour": "red"}, "chengdu.json: colour: unknown key"),
        ({"deadlines__registration_breach_hours": 2}, "chengdu.json: deadlines.registration_breach_hours"),
        ({"deadlines__registration_note_minutes": "30"}, "chengdu.json: deadlines.registration_note_minutes"),
        ({"deadlines__registration_note_minutes": 0}, "chengdu.json: deadlines.registration_note_minutes"),
        ({"words__filing_decided__fr": "Confirmé"}, "chengdu.json: words.filing_decided.fr: unknown key"),
        ({"words__greeting": {"zh": "你好", "en": "Hello"}}, "chengdu.json: words.greeting: unknown key"),
        ({"decided_by": "mayor"}, "chengdu.json: decided_by"),
        ({"ages__minor": 180}, "chengdu.json: ages.minor"),
        ({"ages__minor": 16}, "chengdu.json: ages.minor"),
        ({"ages__sensitive": 12}, "chengdu.json: ages.sensitive"),
        ({"retention_months__access_log": 3}, "chengdu.json: retention_months: access_log: at least 6 months"),
        ({"regimes__castle": {}}, "chengdu.json: regimes.castle"),
        ({"regimes__local__basis__register": ["cd-2030-1"]}, "chengdu.json: regimes.local.basis.register.0"),
        (
            {"regime_hint__zh": "请问{mayor}"},
            "chengdu.json: regime_hint.zh: unknown place in the text: {mayor}",
        ),
        ({"regime_hint__zh": "请问{operator.__class__}"}, "chengdu.json: regime_hint.zh"),
        ({"extends": "atlantis"}, "extends: no pack atlantis"),
        ({"extends": "chengdu"}, "extends: a circle chengdu > chengdu"),
        ({"effective_from": None}, "chengdu.json: effective_from: missing"),
        ({"effective_from": "soon"}, "chengdu.json: effective_from"),
    ],
)
def test_a_slip_in_a_file_names_the_file_and_the_key(folder, keys, named):
    change(folder, "chengdu", **keys)
    with pytest.raises(PackError) as slip:
        Packs(folder)
    assert named in str(slip.value)


LACKING = ["capacity", "safe_harbour_days", "notices__minor", "words__two_flags", "regimes__local"]


@pytest.mark.parametrize("key", LACKING)
def test_what_is_missing_is_named(folder, key):
    change(folder, "national", **{key: None})
    with pytest.raises(PackError) as slip:
        Packs(folder)
    assert key.replace("__", ".") in str(slip.value)
    assert ".json: " in str(slip.value)


def test_a_file_that_is_no_json_is_named(folder):
    (folder / "chengdu.json").write_text('{"code": "chengdu", "code": "twice"}')
    with pytest.raises(PackError, match=r"chengdu\.json"):
        Packs(folder)
