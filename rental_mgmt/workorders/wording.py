"""What a worker types into other platforms: one text to copy, without anybody's name."""

from datetime import datetime

from ..alerts.models import Alert
from ..alerts.showing import in_words, words_in
from ..core.clock import LOCAL
from ..core.i18n import _
from .models import WorkOrder
from .reports import Found


def report_text(order: WorkOrder, where: str, only_unit: bool = False) -> str:
    """The alert, what was found and the result in a few lines. Notes are left out: they may name people."""
    alert: Alert = order.alert
    lines = [_("地点：%(where)s", where=where)]
    if not only_unit:
        lines.insert(0, f"【{alert.rule}】{in_words(alert, 'title')}")
        lines.append(_("发现：%(at)s，%(text)s", at=_moment(alert.first_seen_at), text=in_words(alert, "text")))
    lines += [f"{words_in(item)}：{Found(item['answer']).label}" for item in order.checklist if item["answer"]]
    if order.result:
        lines.append(_("结论：%(result)s", result=order.result.label))
    if order.reported_at:
        lines.append(
            _("反馈：%(at)s（%(role)s）", at=_moment(order.reported_at), role=order.assigned_role.label)
        )
    if order.outside_number:
        lines.append(_("外部平台编号：%(number)s", number=order.outside_number))
    return "\n".join(lines)


def _moment(at: datetime) -> str:
    return at.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
