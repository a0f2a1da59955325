"""What people read: the code of an error, an outcome, a state, in words of their language."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

REFUSALS: dict[str, "Words"] = {
    "not-signed-in": _("You are signed out of the workplace. Please choose your telephone first."),
    "call-gone": _("The call is no longer there: the caller has hung up, or somebody else has it."),
    "call-under-way": _("This works only when the call under way is done."),
    "outcome-missing": _("Please choose the outcome of the call first."),
    "outcome-not-allowed": _("This outcome sets itself and cannot be chosen."),
    "answer-at-telephone": _("Please answer the call at the telephone that is ringing."),
    "unknown-pause-reason": _("There is no such reason for a pause."),
    "unknown-agent": _("This account is not an agent's. The operator can change that."),
    "unknown-line": _("There is no such line, or it is not in service."),
    "unknown-command": _("The exchange does not know this command. Please load the page again."),
    "invalid-command": _("The exchange cannot read this. Please load the page again."),
    "number-not-allowed": _("This number cannot be rung."),
    "command-unreadable": _("The exchange does not know this command. Please load the page again."),
    "node-unreachable": _("The telephone exchange cannot be reached just now. Please try again."),
    "node-silent": _("The telephone exchange cannot be reached just now. Please try again."),
    "request-refused": _("The telephone exchange could not do that. Please try again."),
    "our-error": _("Something went wrong. It was written down; please try again."),
    "command-id-taken": _("This was already asked for by somebody else. Please try again."),
    "telephony-fault": _("The telephone exchange could not do that. Please try again."),
    "exchange-silent": _(
        "The exchange does not answer just now. Calls under way go on; please try again."
    ),
    "no-telephone": _("This workplace has no telephone of its own. Please choose one."),
    "session-expired": _("Your session has ended. Please sign in again."),
    "request-not-ours": _("The page was open for too long. Please load it again."),
    "not-allowed": _("Your account may not do this."),
    "not-found": _("There is nothing at this address"),
    "error": _("Something went wrong. It was written down; please try again."),
}
OUTCOMES: dict[str, "Words"] = {
    "answered": _("answered"),
    "transferred": _("transferred"),
    "callback_ticket": _("callback ticket"),
    "referred_elsewhere": _("referred elsewhere"),
    "wrong_number": _("wrong number"),
    "caller_hung_up": _("caller hung up in conversation"),
    "abandoned": _("abandoned"),
    "after_hours": _("after hours"),
    "overflowed": _("overflowed"),
    "refused": _("refused"),
    "technical_failure": _("technical failure"),
    "unclassified": _("unclassified"),
}
DETAILS: dict[str, "Words"] = {
    "in_greeting": _("in the greeting"),
    "in_queue": _("in the queue"),
    "while_ringing": _("while ringing"),
    "unknown_number": _("unknown number"),
    "not_in_service": _("line not in service"),
    "node_lost": _("telephone exchange failed"),
    "node_restarted": _("telephone exchange restarted"),
    "media_lost": _("sound lost"),
    "fallback_reached": _("answered at the fallback number"),
    "fallback_silent": _("not answered at the fallback number"),
    "rehearsal_interrupted": _("rehearsal interrupted"),
}
STATES: dict[str, "Words"] = {
    "arrived": _("arrived"),
    "greeted": _("greeting"),
    "queued": _("waiting"),
    "ringing": _("ringing"),
    "talking": _("talking"),
    "reconnecting": _("reconnecting"),
    "wrapping_up": _("wrap-up"),
    "announced": _("announcement"),
    "ended": _("ended"),
}
STEPS: dict[str, "Words"] = {
    "CallArrived": _("Call arrived"),
    "TreatmentChosen": _("Treatment chosen"),
    "AnnouncementEnded": _("Announcement ended"),
    "AgentReserved": _("Rings at the agent's"),
    "AgentAnswered": _("Agent answered"),
    "AgentDeclined": _("Agent declined"),
    "AgentUnreachable": _("Agent's telephone unreachable"),
    "RingTimedOut": _("Not answered in time"),
    "RingInterrupted": _("Ringing interrupted"),
    "CallerHungUp": _("Caller hung up"),
    "AgentHungUp": _("Agent hung up"),
    "AgentLegLost": _("Agent's connection lost"),
    "AgentReturned": _("Agent is back"),
    "AgentGaveUp": _("Agent did not come back"),
    "OutcomeChosen": _("Outcome chosen"),
    "WrapUpFinished": _("Wrap-up finished"),
    "WrapUpTimedOut": _("Wrap-up timed out"),
    "CallFailed": _("Call failed"),
    "FellBack": _("Fallback number rung"),
    "CallerLeftUnheard": _("Caller left while the exchange stood still"),
}


def message_of(code: str) -> str:
    """Return what the person at the desk is told about the error *code*."""
    return str(REFUSALS.get(code) or REFUSALS["error"])


def word(words: dict[str, "Words"], key: str | None) -> str:
    """Return the word for *key*; the key itself where there is none."""
    return "" if key is None else str(words.get(key) or key)
