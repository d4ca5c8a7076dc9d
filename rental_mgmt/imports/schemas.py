"""What goes out about import batches."""

from ..core import fields
from ..core.i18n import lazy


class UploadIn(fields.Schema):
    """Which compound the file is for; the file itself is a part of the form."""

    compound = fields.UidField(lazy("小区"), required=True)


class BatchOut(fields.Schema):
    """One batch: its state and counts, no values of rows."""

    uid = fields.UidField()
    status = fields.Text()
    progress = fields.Whole()
    summary = fields.fields.Dict()
    created_at = fields.Moment()
    stored_at = fields.Moment()
    undone_at = fields.Moment()


class ProblemOut(fields.Schema):
    """One row of the file with something to say."""

    sheet = fields.Text()
    number = fields.Whole()
    is_error = fields.Flag()
    problems = fields.fields.List(fields.fields.Dict())
