"""What can go wrong, said once, in words a person can act on. Raise to refuse, return to keep."""


class Refusal(Exception):
    """A refusal that the caller can do something about; `message` is shown to them."""

    status, code = 400, "bad-request"

    def __init__(self, message: str, **details):
        super().__init__(message)
        self.message, self.details = message, details


class Unauthenticated(Refusal):
    status, code = 401, "unauthenticated"


class Forbidden(Refusal):
    status, code = 403, "forbidden"


class StepUpNeeded(Forbidden):
    """The act needs a sign-in step that is at most five minutes old."""

    code = "step-up-needed"


class NotFound(Refusal):
    """Missing and out of scope are the same answer, byte for byte."""

    status, code = 404, "not-found"

    def __init__(self, message: str = "", **details):
        from .i18n import _

        super().__init__(message or _("没有找到，或您无权查看"), **details)


class Conflict(Refusal):
    """The request is well formed, but the thing is not in a state to allow it."""

    status, code = 409, "conflict"


class TooLarge(Refusal):
    status, code = 413, "too-large"


class Invalid(Refusal):
    """Fields that need another value: `errors` maps a field path to sentences with the remedy."""

    status, code = 422, "invalid"

    def __init__(self, message: str = "", errors: dict | None = None):
        from .i18n import _

        super().__init__(message or _("有内容需要修改，请看标出的各项"))
        self.errors = errors or {}


class TooMany(Refusal):
    """Too often in too short a time; `retry_after` is in seconds."""

    status, code = 429, "too-many"

    def __init__(self, message: str, retry_after: int = 60):
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(Refusal):
    """Something we need is away for the moment; nothing was stored. `retry_after` is in seconds."""

    status, code = 503, "unavailable"

    def __init__(self, message: str = "", retry_after: int = 5):
        from .i18n import _

        super().__init__(message or _("系统正忙，请稍后再试；刚才的内容没有保存"))
        self.retry_after = retry_after
