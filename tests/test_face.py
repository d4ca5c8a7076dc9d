"""The face: weight, contrast, no inline code, forms that keep what was typed, pictures that say enough."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, request

from rental_mgmt.core import assets, clock, fields, forms, http, web

from .support import browser as browsers

PACKAGE = Path(__file__).parent.parent / "rental_mgmt"
TEMPLATES = sorted(PACKAGE.glob("**/templates/**/*.html"))
AT = datetime(2026, 6, 10, 20, tzinfo=clock.LOCAL)


class GuestIn(fields.Schema):
    name = fields.Text("姓名", required=True, help="与证件上一致")
    phone = fields.Mobile()
    document_kind = fields.Text("证件", kind="radio")
    number = fields.Text("证件号码", kind="id_number")


class Face(Flask):
    def send_static_file(self, filename):
        return http.small_asset(self.static_folder, filename) or super().send_static_file(filename)


@pytest.fixture
def face():
    """The product's templates and static files without the product behind them."""
    app = Face("rental_mgmt", root_path=str(PACKAGE))
    app.secret_key = "t"
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.do")
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(
        moment=web.show_moment, day=web.show_day, clock_time=web.show_clock_time, remaining=web.show_remaining
    )
    environment.globals.update(
        _=web._words, csrf_token=lambda: "t", form_key=forms.form_key, here=lambda: "/", now=clock.now
    )
    app.add_url_rule("/preferences", "accounts.preferences", lambda: ("", 204), methods=["POST"])
    clock.freeze(AT)
    yield app
    clock.freeze(None)


def draw(face, words: str, **context) -> str:
    """What a page shows that imports all macros and says these words."""
    imports = '{% import "_ui.html" as ui %}{% import "_forms.html" as f %}{% import "_pictures.html" as pic %}'
    with face.test_request_context():
        return face.jinja_env.from_string(imports + words).render(**context)


# --- what every page carries --------------------------------------------------------------------------------


def test_what_a_page_loads_besides_itself_weighs_at_most_40_kb():
    folder = str(PACKAGE / "static")
    assert sum(len(assets.content(folder, name)) for name in (assets.ALL, assets.SCRIPT)) <= 40_000


def test_every_style_sheet_is_in_the_one_that_pages_load():
    assert sorted(sheet.stem for sheet in (PACKAGE / "static").glob("*.css")) == sorted(assets.SHEETS)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_template_holds_nothing_the_security_policy_refuses(template):
    text = template.read_text()
    refused = r"""\sstyle=|<style|\son[a-z]+=["']|javascript:|<script(?![^>]*\ssrc=)|(?:src|href)="https?://"""
    assert not re.search(refused, text)


def tokens(css: str, theme: str) -> dict[str, str]:
    """Colours by name as a theme has them."""
    light, rest = css.split('html[data-type="large"]')
    by_system, by_choice = rest.split(':root[data-theme="dark"]')
    blocks = {"light": "", "dark": by_choice.split("@media print")[0], "system": by_system}
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]+)\b", light + blocks[theme]))


@pytest.fixture
def css() -> str:
    return (PACKAGE / "static/tokens.css").read_text()


def luminance(colour: str) -> float:
    digits = "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour[1:7]
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


SPEAKING = ("accent", "red", "orange", "amber", "green")
PAIRS = (
    [
        (ink, on)
        for ink in ("ink", "ink-2", "ink-3", "accent-deep", *SPEAKING)
        for on in ("paper", "surface", "sunken")
    ]
    + [(ink, f"{tone}-soft") for tone in SPEAKING for ink in (tone, "ink")]
    + [("on-accent", "accent"), ("on-accent", "accent-deep"), ("on-strong", "red"), ("on-strong", "orange")]
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(css, theme):
    colour = tokens(css, theme)
    weak = [(ink, on) for ink, on in PAIRS if contrast(colour[ink], colour[on]) < 4.5]
    weak += [("edge", on) for on in ("paper", "surface") if contrast(colour["edge"], colour[on]) < 3]
    assert weak == []


def test_dark_by_system_is_dark_by_choice(css):
    assert tokens(css, "system") == tokens(css, "dark")


# --- forms --------------------------------------------------------------------------------------------------


def test_a_refused_form_keeps_what_was_typed_and_ties_the_error_to_its_field(face):
    words = '{% import "_forms.html" as f %}{{ f.error_summary(form) }}{{ f.field(form, "phone") }}'
    with face.test_request_context(method="POST", data={"name": "欧阳", "phone": "138"}):
        form = forms.Form(GuestIn)
        assert not form.submit(lambda **_typed: None)
        html = face.jinja_env.from_string(words).render(form=form)
    assert 'value="138"' in html
    assert 'aria-invalid="true" aria-describedby="f-phone-e' in html
    assert 'id="f-phone-e"' in html
    assert '<a href="#f-phone">手机号：请填写 11 位手机号，如 13800000000</a>' in html


def test_a_form_carries_its_token_and_key_but_a_search_does_not(face):
    assert draw(face, '{{ f.form_open("/x") }}').count('type="hidden"') == 3
    assert 'type="hidden"' not in draw(face, '{{ f.form_open("/x", "get") }}')


def test_names_are_shown_and_never_run(face):
    name = "<img src=x onerror=alert(1)>"
    page = (
        '{{ ui.table(name, ["a"], [[name], [{"text": name, "href": name}]]) }}{{ ui.plate(name) }}'
        '{{ ui.page_header(name) }}{{ ui.copy_text(name) }}{{ ui.state_badge("ok", name) }}'
        '{{ ui.tasks([{"title": name, "text": name, "href": name}]) }}{{ f.submit(name, confirm=name) }}'
    )
    assert "<img" not in draw(face, page, name=name)


# --- pictures -----------------------------------------------------------------------------------------------


def test_an_elevation_says_each_door_in_number_and_word_and_counts_them(face):
    states = ("act", "registered", "empty", "unknown", "none")
    doors = [
        {"label": f"30{n}", "state": state, "word": "超员" if state == "act" else None, "href": f"/u/{n}"}
        for n, state in enumerate(states)
    ]
    html = draw(
        face, "{{ pic.elevation(b) }}", b={"name": "3 号楼", "floors": [{"label": "30 层", "doors": doors}]}
    )
    assert 'href="/u/0" title="超员">300 <i>待办</i></a>' in html
    assert all(
        f"{number} <i>{word}</i>" in html for number, word in (("301", "在住"), ("302", "空"), ("303", "不明"))
    )
    assert "/u/4" not in html
    assert "情况不明 <b>1</b>" in html


def test_a_gap_in_a_trend_is_not_drawn_as_nothing_happened(face):
    series = {"title": "登记", "labels": list("abcd"), "lines": [{"name": "人数", "values": [4, None, 2, 8]}]}
    html = draw(face, "{{ pic.trend(series) }}", series=series)
    assert 'd="M0 4M2 6L3 0"' in html
    assert 'class="area"' not in html
    assert "不明" in html


def test_a_mark_outside_the_thirty_days_is_cut_at_their_edge(face):
    start = clock.local_time(AT.date() - timedelta(days=29), AT.min.time())
    unit30 = {
        "days": [start.date() + timedelta(days=n) for n in range(30)],
        "start": start,
        "end": start + timedelta(days=30),
        "rows": [
            {"label": "在住", "kind": "stay", "marks": [{"start": start - timedelta(9), "word": "2 人在住"}]}
        ],
    }
    assert 'class="mark-stay" x="0.00%" y="2.25em" width="100.00%"' in draw(
        face, "{{ pic.strip(u) }}", u=unit30
    )


@pytest.mark.parametrize(
    ("minutes", "said", "look"),
    [(61, "剩 1 小时 1 分", "left"), (59, "剩 59 分钟", "left soon"), (-5, "已超 5 分钟", "left late")],
)
def test_time_left_is_said_and_seen(face, minutes, said, look):
    html = draw(face, "{{ ui.countdown(until) }}", until=AT + timedelta(minutes=minutes))
    assert said in html
    assert f'class="{look}"' in html


# --- what JavaScript adds -----------------------------------------------------------------------------------


@pytest.mark.browser
def test_script_adds_appearance_at_once_keypad_and_one_act_per_press(face, browser):
    posts, kinds = [], [("resident_id", "身份证"), ("passport", "护照")]

    @face.get("/")
    def home():
        words = """{% extends "public.html" %}{% import "_forms.html" as f %}{% block main %}<h1>登记</h1>
        {{ f.form_open("/slow") }}{{ f.field(form, "document_kind", choices=kinds) }}
        {{ f.field(form, "number") }}{{ f.submit("登记", name="act", value="go") }}</form>{% endblock %}"""
        return face.jinja_env.from_string(words).render(form=forms.Form(GuestIn), kinds=kinds)

    @face.post("/slow")
    def slow():
        posts.append(request.form["act"])
        return "", 204

    with browsers.served(face) as address, browsers.opened(browser, address) as page:
        page.goto("/")
        assert browsers.accessibility_faults(page) == []
        page.click(".menu > summary")
        page.check("input[name=theme][value=dark]", force=True)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.keyboard.press("Escape")
        number = page.locator("#f-number")
        page.check("input[value=passport]", force=True)
        assert number.evaluate("field => field.inputMode") == "text"
        page.check("input[value=resident_id]", force=True)
        assert number.evaluate("field => field.inputMode") == "numeric"
        number.fill("11010519491231002")
        page.click("[data-append]")
        assert number.input_value() == "11010519491231002X"
        assert page.inner_text(".echo") == "110105 19491231 002X"
        for _ in range(2):
            page.click("main button[name=act]", force=True)
            page.wait_for_timeout(150)
        assert posts == ["go"]
