"""What can go wrong at the desk, each with the sentence that its user reads."""

from portal.core.errors import InvalidInput, ServiceError


class NotAtDesk(ServiceError):
    """Your account has no role at the desk. Ask an administrator."""

    code = "not_allowed"


class NotAllowed(ServiceError):
    """Your role does not allow this."""

    code = "not_allowed"


class AlreadyClaimed(ServiceError):
    """Somebody else was faster."""

    code = "already_claimed"


class NotHolder(ServiceError):
    """Only who holds the conversation can do this. Claim it first."""

    code = "not_holder"


class NotOpen(ServiceError):
    """This conversation does not wait for a person any more."""

    code = "not_open"


class NotClaimed(ServiceError):
    """Nobody holds this conversation."""

    code = "not_claimed"


class AgentOffline(ServiceError):
    """This colleague is offline. Choose another one, or a team."""

    code = "not_online"


class NoModel(ServiceError):
    """No live language model is there to write this. Try again when one runs."""

    code = "no_model"


class UnknownVariable(InvalidInput):
    """The text has a variable that does not exist."""

    code = "unknown_variable"
