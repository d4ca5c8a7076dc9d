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
    summary = fields.fields.Dict(attribute="said_summary")
    created_at = fields.Moment()
    stored_at = fields.Moment()
    undone_at = fields.Moment()


class CellOut(fields.Schema):
    """What is wrong in one cell and how to put it right, in the reader's language; never the cell's content."""

    cell = fields.Text()
    level = fields.Text()
    words = fields.Text()


class ProblemOut(fields.Schema):
    """One row of the file with something to say."""

    sheet = fields.Text()
    number = fields.Whole()
    is_error = fields.Flag()
    problems = fields.fields.List(fields.fields.Nested(CellOut), attribute="said_problems")


class ProblemPage(fields.Schema):
    """One page of rows with something to say."""

    items = fields.fields.List(fields.fields.Nested(ProblemOut))
    next_cursor = fields.Text(allow_none=True)
