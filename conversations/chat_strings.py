"""The sentences that the chat page's scripts say, translated. {name} is filled in by the script."""

from django.utils.translation import gettext as _


def strings() -> dict[str, str | dict[str, str]]:
    return {
        # who speaks
        "you": _("You said:"),
        "assistant": _("Assistant"),
        "agent": _("Support team"),
        "assistantSays": _("The assistant says:"),
        "at": _("Sent {time}"),
        # a message on its way
        "sending": _("Sending…"),
        "notSent": _("Not sent."),
        "notSentYet": _("Not sent yet. It goes out when the connection is back."),
        "retry": _("Try again"),
        "edit": _("Edit"),
        "count": _("{used} of {limit} characters"),
        # a reply on its way
        "searching": _("Looking through our help articles…"),
        "writing": _("Writing…"),
        "slow": _("This takes longer than usual. You can wait, or talk to a person."),
        "stoppedBy": {
            "customer": _("You stopped this answer."),
            "agent": _("Our team took over before this answer was finished."),
        },
        # below a reply
        "sources": _("Sources"),
        "newTab": _("(opens in a new tab)"),
        "choices": _("Choose one, or write your own words"),
        "wasHelpful": _("Was this answer helpful?"),
        "helpful": _("Helpful"),
        "notHelpful": _("Not helpful"),
        "thanks": _("Thank you. This helps us."),
        "thanksAnyway": _("Thank you. Ask again in other words, or talk to a person."),
        # connection and status
        "connecting": _("Connecting…"),
        "online": _("Connected"),
        "offline": _("No connection"),
        "offlineStatus": _(
            "There is no connection. Your messages are kept here and go out when it is back."
        ),
        "slowDown": _("Many people write from here just now. It goes on in {n} seconds."),
        "refused": _("This conversation can no longer be opened here. A new one begins."),
        "waitingAt": _(
            "Our team has your request, number {n} in the queue. You can go on asking here."
        ),
        "withAgent": _("You are talking with {name} from our team."),
        "withAgentNotice": _("A person reads what you write here. The assistant stays silent."),
        "agentTypes": _("{name} is typing…"),
        "statuses": {
            "waiting": _("Our team has your request. You can go on asking here meanwhile."),
            "with_agent": _("You are talking with a person from our team."),
            "resolved": _("This conversation is marked as resolved. Write again to reopen it."),
            "closed": _("This conversation is closed. Write again to reopen it."),
        },
    }
