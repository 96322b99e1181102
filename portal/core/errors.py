"""Expected failures. The docstring of a ServiceError subclass is what its user reads."""

from typing import Any


class ServiceError(Exception):
    """Something went wrong on our side. Please try again."""

    code = "failed"

    def __init__(self, detail: str = "", **fields: Any) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.fields = fields
        super().__init__(self.detail)


class UnexpectedError(ServiceError):
    """Something went wrong on our side. Nothing was lost; please try again."""

    code = "unexpected"


class InvalidInput(ServiceError):
    """The input cannot be used."""

    code = "invalid"


class NotFound(ServiceError):
    """There is no such thing, or it is not yours."""

    code = "not_found"


class Unavailable(ServiceError):
    """This service is not reachable right now. Please try again in a moment."""

    code = "unavailable"
