"""The life of an alert in people's hands: answered, claimed, given back, made to wait, closed, reopened."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, select

from ..accounts.scope import within
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import new_uid, on_postgresql, session
from ..core.errors import Conflict, Forbidden, Invalid
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal, unseal_or_none
from ..core.touch import touch
from ..notices.service import Message, in_both, tell
from .history import lines_of, note_down
from .models import (
    ROLE_BITS,
    Alert,
    AlertAnswer,
    AlertEvent,
    AlertHistory,
    AlertStatus,
    AnswerKind,
    Verdict,
)
from .passing import link_to, next_turn_at, pass_on, stand_still, start_anew, words_of
from .recipients import People
from .turns import came, may_act

HANDLERS = (
    Role.PROPERTY_MANAGER,
    Role.GRID_WORKER,
    Role.COMMUNITY_OFFICER,
    Role.POLICE_LIAISON,
    Role.STATION_LEAD,
)
LONGEST_WAIT = timedelta(days=14)


class WaitReason(StrEnum):
    NOBODY_IN = "nobody_in"
    FOR_OTHERS = "for_others"

    @property
    def label(self):
        return WAIT_LABELS[self]


WAIT_LABELS = {
    WaitReason.NOBODY_IN: lazy("无人在家，改时再访"),
    WaitReason.FOR_OTHERS: lazy("等待他方办理"),
}


# --- reading ------------------------------------------------------------------------------------------------


def list_alerts(actor: Actor) -> Select:
    """The alerts in the actor's scope whose turn has come to the actor's role, or which it reads anyway."""
    return select(Alert).where(within(actor, Alert), is_read_by(actor.role))


def is_read_by(role: Role):
    return Alert.readers.bitwise_and(ROLE_BITS[role]) != 0


def get_alert(actor: Actor, uid: UUID) -> Alert:
    return get_or_404(list_alerts(actor), uid)


def get_history(actor: Actor, uid: UUID) -> Sequence[AlertHistory]:
    """Everything that happened to an alert the actor may read, oldest first."""
    return lines_of(get_alert(actor, uid))


def may_handle(alert: Alert, actor: Actor) -> bool:
    """Is it, or was it, this actor's turn? (The rows were fetched through scope.)"""
    return actor.role in HANDLERS and may_act(actor.role, alert.turns, alert.step, alert.is_identity)


def minutes_of_landlord(alert: Alert) -> int | None:
    """How many minutes the landlord's own turn still lasts; None when it is not the landlord's."""
    if alert.status is not AlertStatus.OPEN or Role.LANDLORD not in alert.turns[alert.step]["roles"]:
        return None
    return max(0, int((alert.next_turn_at - clock.now()).total_seconds() // 60)) if alert.next_turn_at else 0


# --- the landlord -------------------------------------------------------------------------------------------


@allow(Role.LANDLORD, Role.HELPER)
def answer(actor: Actor, alert: Alert, kind: AnswerKind, note: str | None = None) -> AlertAnswer:
    """The landlord's one-tap answer: evidence, never a verdict. 不清楚 passes the turn on at once."""
    if actor.role is Role.HELPER and alert.is_identity:
        raise Forbidden(_("涉及住客身份的预警，请由房东本人答复"))
    if Role.LANDLORD not in came(alert.turns, alert.step):
        raise Forbidden(_("这条预警不需要经营者答复"))
    if alert.status is AlertStatus.CLOSED:
        raise Conflict(_("预警已办结，不能再答复"))
    given = _store_answer(actor, alert, kind, note)
    alert.answer = kind
    note_down(alert, AlertEvent.ANSWERED, actor, answer=kind)
    record(actor, "alert.answer", alert, alert.chain, answer=kind)
    if kind is AnswerKind.NOT_SURE and minutes_of_landlord(alert) is not None:
        pass_on([alert], clock.now())
    return given


def _store_answer(actor: Actor, alert: Alert, kind: AnswerKind, note: str | None) -> AlertAnswer:
    uid = new_uid()
    given = AlertAnswer(
        uid=uid,
        alert_id=alert.id,
        answer=kind,
        note_sealed=seal(note, _answer_note(uid), Retention.CASE) if note else None,
        answered_at=clock.now(),
        answered_by_id=actor.user_id,
    )
    session.add(given)
    return given


def answers_of(alert: Alert) -> list[tuple[AlertAnswer, str | None]]:
    """The landlord's answers with their notes in clear, the newest first."""
    given = session.scalars(
        select(AlertAnswer).where(AlertAnswer.alert_id == alert.id).order_by(AlertAnswer.id.desc())
    )
    return [(one, unseal_or_none(one.note_sealed, _answer_note(one.uid))) for one in given]


def _answer_note(uid: UUID) -> Where:
    return Where("alert_answer", "note_sealed", uid)


# --- taking it ----------------------------------------------------------------------------------------------


@allow(*HANDLERS)
def claim(actor: Actor, alert: Alert) -> Alert:
    """Take an alert; of two at the same moment the second gets a Conflict. Forbidden before one's turn."""
    refuse_unless_turn(alert, actor)
    if alert.status is AlertStatus.CLAIMED:
        raise Conflict(_("这条预警已由%(who)s认领", who=alert.claimed_role and alert.claimed_role.label))
    alert.move_to(AlertStatus.CLAIMED)
    _hold(actor, alert)
    # Here and not at the commit, so that the second of two claimers is refused before anything else is done.
    session.flush()
    return alert


@allow(*HANDLERS)
def claim_many(actor: Actor, uids: Collection[UUID]) -> tuple[list[Alert], list[UUID]]:
    """Claim all of these that are open and whose turn has come; the claimed alerts, and what was left alone."""
    query = list_alerts(actor).where(Alert.uid.in_(uids)).order_by(Alert.id)
    found = session.scalars(query.with_for_update() if on_postgresql() else query).all()
    free = [a for a in found if a.status is AlertStatus.OPEN and may_handle(a, actor)]
    for alert in free:
        alert.move_to(AlertStatus.CLAIMED)
        _hold(actor, alert)
    session.flush()
    taken = {alert.uid for alert in free}
    return free, [uid for uid in uids if uid not in taken]


def refuse_unless_turn(alert: Alert, actor: Actor) -> None:
    if may_handle(alert, actor):
        return
    left = minutes_of_landlord(alert)
    if left is not None:
        raise Forbidden(_("经营者处理中，剩 %(n)s 分，之后您可以认领", n=left))
    raise Forbidden(_("这条预警不由您的角色处理"))


def _hold(actor: Actor, alert: Alert) -> None:
    alert.claimed_by_id, alert.claimed_role, alert.claimed_at = actor.user_id, actor.role, clock.now()
    alert.next_turn_at = next_turn_at(alert)
    note_down(alert, AlertEvent.CLAIMED, actor)
    record(actor, "alert.claim", alert, alert.chain)


@allow(*HANDLERS)
def hand_to(actor: Actor, alert: Alert, user_id: int) -> Alert:
    """Let a colleague of the claimer's role have a claimed alert (workorders finds who that may be)."""
    alert.claimed_by_id, alert.claimed_at = user_id, clock.now()
    note_down(alert, AlertEvent.CLAIMED, actor, handed_on=True)
    record(actor, "alert.hand_to", alert, alert.chain, user=user_id)
    return alert


@allow(*HANDLERS)
def give_back(actor: Actor, alert: Alert, reason: str) -> Alert:
    """Put a claimed alert back for others; the turns go on as planned."""
    refuse_unless_holder(alert, actor)
    alert.move_to(AlertStatus.OPEN)
    alert.claimed_by_id = alert.claimed_role = alert.claimed_at = alert.waits_until = None
    alert.next_turn_at = next_turn_at(alert)
    note_down(alert, AlertEvent.GIVEN_BACK, actor, reason)
    # Meanwhile its cause may have gone, which closes only what nobody holds.
    touch((alert.subject_kind, alert.subject_key))
    record(actor, "alert.give_back", alert, alert.chain)
    return alert


def refuse_unless_holder(alert: Alert, actor: Actor) -> None:
    if alert.status is not AlertStatus.CLAIMED or alert.claimed_by_id != actor.user_id:
        raise Conflict(_("这条预警现在不在您手上，请刷新后查看由谁处理"))


@allow(*HANDLERS)
def wait(actor: Actor, alert: Alert, until: datetime, reason: WaitReason, note: str | None = None) -> Alert:
    """Stop the clocks until a moment within 14 days: nobody was in, or others have to act first."""
    refuse_unless_holder(alert, actor)
    now = clock.now()
    if not now < until <= now + LONGEST_WAIT:
        raise Invalid(errors={"until": [_("请选择从现在起 14 天内的时间")]})
    stand_still(alert, until)
    note_down(alert, AlertEvent.WAITS, actor, note, reason=reason, until=until.isoformat())
    record(actor, "alert.wait", alert, alert.chain, reason=reason)
    return alert


# --- closing ------------------------------------------------------------------------------------------------


@allow(*HANDLERS)
def close(actor: Actor, alert: Alert, verdict: Verdict, note: str | None = None) -> Alert:
    """Close with a verdict. Work orders come here when a report stands, approved where it needs that."""
    alert.move_to(AlertStatus.CLOSED)
    alert.verdict, alert.closed_at = verdict, clock.now()
    alert.next_turn_at = alert.waits_until = None
    alert.closing_note_sealed = seal(note, _closing_note(alert), Retention.CASE) if note else None
    note_down(alert, AlertEvent.CLOSED, actor, verdict=verdict)
    record(actor, "alert.close", alert, alert.chain, verdict=verdict)
    return alert


def tell_landlords(alerts: Collection[Alert]) -> None:
    """Say how closed alerts ended to the landlords who had a turn."""
    asked = [alert for alert in alerts if Role.LANDLORD in came(alert.turns, alert.step)]
    if not asked:
        return
    people = People(asked)
    words = words_of(asked)
    title, text = lazy("预警已办结：%(where)s %(title)s"), lazy("结论：%(verdict)s")
    tell(
        Message(
            people.of(alert, {Role.LANDLORD}),
            "alert.closed",
            title,
            text,
            link_to(alert),
            words[alert.uid] | in_both(verdict=alert.verdict.label),
        )
        for alert in asked
    )


def closing_note(alert: Alert) -> str | None:
    return unseal_or_none(alert.closing_note_sealed, _closing_note(alert))


def _closing_note(alert: Alert) -> Where:
    return Where("alert", "closing_note_sealed", alert.uid)


@allow(*HANDLERS)
def reopen(actor: Actor, alert: Alert, reason: str) -> Alert:
    """Take a closed alert up again: its verdict goes, its turn begins anew."""
    refuse_unless_turn(alert, actor)
    if session.scalar(select(Alert.id).where(Alert.live_key == alert.key)) is not None:
        raise Conflict(_("同一对象已有一条未办结的同类预警，请在那一条里处理"))
    alert.move_to(AlertStatus.OPEN)
    alert.claimed_by_id = alert.claimed_role = alert.claimed_at = None
    alert.verdict = alert.closed_at = alert.closing_note_sealed = None
    alert.reopened += 1
    alert.clean_evaluations = 0
    start_anew(alert, clock.now())
    note_down(alert, AlertEvent.REOPENED, actor, reason)
    record(actor, "alert.reopen", alert, alert.chain)
    return alert
