"""The JSON door of accounts: who am I, my sessions and keys, the people I look after."""

from flask import g

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.db import session
from ..core.http import actor
from ..core.paging import page_of
from . import confirming, keys, people, sessions
from .models import ApiKey, User, UserSession
from .rosters import Listed, listed
from .schemas import (
    CodeOut,
    InvitedOut,
    InviteIn,
    KeyIn,
    KeyOut,
    MeOut,
    NewKeyOut,
    PersonOut,
    SessionOut,
    WaitingOut,
)

api = Blueprint("accounts_api", __name__, url_prefix="/api/v1", description="账号、会话与密钥")


class SessionList(fields.Schema):
    """One's own live sessions."""

    items = fields.fields.List(fields.fields.Nested(SessionOut))


class PeoplePage(fields.Schema):
    """One page of people."""

    items = fields.fields.List(fields.fields.Nested(PersonOut))
    next_cursor = fields.Text(allow_none=True)


class KeyPage(fields.Schema):
    """One page of one's own keys."""

    items = fields.fields.List(fields.fields.Nested(KeyOut))
    next_cursor = fields.Text(allow_none=True)


@api.route("/me", methods=["GET"])
@api.response(200, MeOut)
def me():
    """我是谁：当前角色和其他角色"""
    one = actor()
    return {
        "uid": one.uid,
        "role": one.role,
        "role_label": str(one.role.label),
        "other_roles": getattr(one, "other_roles", ()),
        "is_fresh": one.is_fresh,
        "by_api_key": one.api_key_id is not None,
    }


# --- sessions -----------------------------------------------------------------------------------------------


@api.route("/sessions", methods=["GET"])
@api.response(200, SessionList)
def list_sessions():
    """我的登录：在哪些设备上"""
    found = session.scalars(sessions.list_my_sessions(actor()))
    return {"items": [_session(one) for one in found]}


def _session(one: UserSession) -> dict:
    return {
        "uid": one.uid,
        "label": one.label,
        "method": str(one.method.label),
        "created_at": one.created_at,
        "last_seen_at": one.last_seen_at,
        "expires_at": one.expires_at,
        "is_this": one.id == actor().session_id,
    }


@api.route("/sessions/<uuid:uid>", methods=["DELETE"])
@api.response(204)
def end_session(uid):
    """结束我的一次登录"""
    sessions.end_my_session(actor(), uid)


# --- people -------------------------------------------------------------------------------------------------


@api.route("/people", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, PeoplePage)
def list_people(query):
    """我负责的人员"""
    found = page_of(people.list_people(actor()), (User.id,), query["cursor"], query["size"])
    return {"items": [_person(one) for one in listed(found.items)], "next_cursor": found.next_cursor}


@api.route("/people/<uuid:uid>", methods=["GET"])
@api.response(200, PersonOut)
def get_person(uid):
    """一位人员"""
    return _person(listed([people.get_person(actor(), uid)])[0])


def _person(one: Listed) -> dict:
    return {**vars(one), "status": one.status.value, "roles": [vars(role) for role in one.roles]}


@api.route("/people", methods=["POST"])
@api.arguments(InviteIn)
@api.response(201, InvitedOut)
def invite(body):
    """邀请人员或添加角色；邀请码只返回这一次"""
    g.answer_is_secret = True
    invited = people.invite(actor(), people.Invitation(**body))
    return {"uid": invited.user.uid, "is_new": invited.is_new, "code": invited.code}


@api.route("/people/<uuid:uid>/reset", methods=["POST"])
@api.response(200, CodeOut)
def reset_person(uid):
    """办理密码重置；重置码只返回这一次，岗位账号待另一类管理员确认"""
    g.answer_is_secret = True
    return {"code": people.reset(actor(), people.get_person(actor(), uid))}


@api.route("/people/<uuid:uid>/disable", methods=["POST"])
@api.response(204)
def disable_person(uid):
    """停用账号，立即结束其所有登录"""
    people.disable(actor(), people.get_person(actor(), uid))


# --- the second administrator -------------------------------------------------------------------------------


@api.route("/people/waiting", methods=["GET"])
@api.response(200, WaitingOut)
def list_waiting():
    """另一类管理员办理、等我确认的重置码、邀请码和角色"""
    me = actor()
    codes, roles, whose = (
        confirming.list_waiting(me),
        confirming.list_waiting_roles(me),
        confirming.names_of_waiting(me),
    )
    return {
        "codes": [
            {
                "uid": code.uid,
                "purpose": code.purpose.value,
                "person": whose[code.user_id].uid,
                "asked_at": code.created_at,
                "expires_at": code.expires_at,
            }
            for code in codes
        ],
        "roles": [
            {
                "uid": row.uid,
                "role": row.role,
                "person": whose[row.user_id].uid,
                "valid_from": row.valid_from,
            }
            for row in roles
        ],
    }


@api.route("/people/waiting/<uuid:uid>/confirm", methods=["POST"])
@api.response(200, CodeOut)
def confirm_code(uid):
    """确认另一类管理员办理的重置或邀请；代码只返回这一次，须刚刚确认过身份"""
    g.answer_is_secret = True
    return {"code": confirming.confirm(actor(), uid)[1]}


@api.route("/people/waiting/roles/<uuid:uid>/confirm", methods=["POST"])
@api.response(204)
def confirm_role(uid):
    """确认给已有账号增加的角色（安全管理员）"""
    confirming.confirm_role(actor(), uid)


# --- keys ---------------------------------------------------------------------------------------------------


@api.route("/api-keys", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, KeyPage)
def list_keys(query):
    """我的接口密钥"""
    return page_of(keys.list_my_keys(actor()), (ApiKey.id.desc(),), query["cursor"], query["size"])


@api.route("/api-keys", methods=["POST"])
@api.arguments(KeyIn)
@api.response(201, NewKeyOut)
def make_key(body):
    """生成接口密钥；密钥只返回这一次"""
    g.answer_is_secret = True
    key, text = keys.make_key(actor(), **body)
    return {name: getattr(key, name) for name in KeyOut().fields} | {"key": text}


@api.route("/api-keys/<uuid:uid>", methods=["DELETE"])
@api.response(204)
def revoke_key(uid):
    """撤销接口密钥"""
    keys.revoke_key(actor(), uid)
