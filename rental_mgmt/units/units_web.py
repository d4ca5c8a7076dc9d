"""Pages: the list, a unit, a new one, its papers, and its being suspended."""

import io

from flask import Response, flash, redirect, request, send_file, url_for

from ..core.access import may, require_may
from ..core.api import load
from ..core.fields import values_are_typed
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from . import claiming, listing, papers, placing, plates, registering, states
from .models import NeighbourConsent, PartyRoleKind
from .packs import pack_at_path
from .pages_web import pressed, to_unit, uid_in, unit_page, web
from .placing import Address
from .schemas import DocumentIn, SuspendIn, UnitEditIn, UnitIn, UnitQuery

USUAL = {"party_role": PartyRoleKind.OWNER, "neighbour_consent": NeighbourConsent.UNKNOWN}
FILTERS = ("status", "building", "words", "police_decided", "neighbour_consent")


@web.get("/units")
def index():
    """房源"""
    values_are_typed.set(False)
    asked = load(UnitQuery(), {k: v for k, v in request.args.to_dict().items() if v})
    wanted = listing.Filter(**{name: asked[name] for name in FILTERS})
    me = actor()
    return page(
        "units/index.html",
        units=page_of(listing.list_units(me, wanted), listing.ORDER, asked["cursor"], asked["size"]),
        counts=listing.list_status_counts(me),
        wanted=wanted,
        claimable=claiming.list_claimable(me) if may(me, claiming.list_claimable) else [],
        may_register=may(me, registering.register_unit),
        may_print_lift=may(me, plates.list_buildings),
    )


@web.get("/units/<uuid:unit_uid>")
def show(unit_uid):
    """一套房源"""
    return unit_page(listing.get_unit(actor(), unit_uid))


@web.route("/units/new", methods=["GET", "POST"])
def new():
    """登记房源：先选楼栋，再填一页"""
    me = actor()
    require_may(me, registering.register_unit)
    building = request.values.get("building", "")
    if not building:
        words = request.args.get("words", "")[:50]
        return page("units/choose.html", compounds=placing.choose_building(words), asked=words)
    form, made = Form(UnitIn, _filled_in(me, building)), []

    def register(building, door, floor, party, parent, **said):
        address = Address(building, door, floor)
        made.append(registering.register_unit(me, address, said, party, parent))

    if form.submit(register):
        flash(_("已登记，可以开始登记住客；补齐材料后即可提交备案"), "good")
        return to_unit(made[0])
    return page("units/form.html", form=form, unit=None, **_choices(me, form))


def _filled_in(me, building: str) -> dict:
    like = request.args.get("like")
    found = registering.details_like(me, listing.get_unit(me, uid_in(like))) if like else dict(USUAL)
    given = {name: request.args.get(name) for name in ("parent", "door", "floor")}
    return found | {"building": building} | {name: value for name, value in given.items() if value}


def _choices(me, form: Form) -> dict:
    building = placing.find_building(uid_in(str(form.value("building"))))
    pack = pack_at_path(building.path)
    return {
        "building": building,
        "pack": pack,
        "others": listing.list_examples(me),
        "parties": registering.named_parties(me),
    }


@web.route("/units/<uuid:unit_uid>/edit", methods=["GET", "POST"])
def edit(unit_uid):
    """修改房源"""
    me = actor()
    unit = listing.get_unit(me, unit_uid)
    form, filed = Form(UnitEditIn, registering.present_details(me, unit)), []
    if form.submit(lambda version, **said: filed.append(registering.edit_unit(me, unit, said, version))):
        waits = filed[0] is not None
        said = _("已保存；面积、床位等变更需要重新备案，请提交") if waits else _("房源信息已保存")
        flash(said, "good")
        return to_unit(unit)
    return page("units/form.html", form=form, unit=unit, pack=pack_at_path(unit.path))


# --- papers -------------------------------------------------------------------------------------------------


@web.post("/units/<uuid:unit_uid>/documents")
def add_document(unit_uid):
    """上传照片或材料"""
    me, form = actor(), Form(DocumentIn, files=("file",))
    unit = listing.get_unit(me, unit_uid)

    def keep(kind, expires_on, file):
        papers.add_documents(me, unit, kind, [(one.stream, one.filename) for one in file], expires_on)

    if form.submit(keep):
        flash(_("材料已保存"), "good")
        return redirect(url_for(".show", unit_uid=unit_uid, _anchor="papers"), 303)
    return unit_page(unit, "document", document=form)


@web.post("/units/<uuid:unit_uid>/documents/<uuid:document_uid>/remove")
def remove_document(unit_uid, document_uid):
    """移除材料"""
    unit = listing.get_unit(actor(), unit_uid)
    papers.remove_document(actor(), unit, document_uid)
    flash(_("材料已移除"), "good")
    return redirect(url_for(".show", unit_uid=unit_uid, _anchor="papers"), 303)


@web.get("/documents/<uuid:document_uid>")
def document(document_uid) -> Response:
    """查看一份材料"""
    _document, file, data = papers.get_document(actor(), document_uid)
    is_picture = file.content_type.startswith("image/")
    return send_file(
        io.BytesIO(data),
        file.content_type,
        as_attachment=not is_picture,
        download_name=file.name or str(document_uid),
    )


# --- states -------------------------------------------------------------------------------------------------


@web.post("/units/<uuid:unit_uid>/suspend")
def suspend(unit_uid):
    """停用"""
    me, form = actor(), Form(SuspendIn)
    unit = listing.get_unit(me, unit_uid)
    if form.submit(lambda **said: states.suspend(me, unit, **said)):
        flash(_("房源已停用"), "good")
        return to_unit(unit)
    return unit_page(unit, "suspend", suspend=form)


@web.post("/units/<uuid:unit_uid>/resume")
def resume(unit_uid):
    """恢复"""
    unit = listing.get_unit(actor(), unit_uid)
    return pressed(unit, lambda version: states.resume(actor(), unit, version), _("房源已恢复"))
