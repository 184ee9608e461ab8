"""What the mailing service does, one function a transaction's work."""

from services.mailing.commands.campaigns import (
    approve_campaign,
    call_back,
    change_item,
    discard_campaign,
    draft_newsletter,
    draft_targeted,
    write_campaign,
)
from services.mailing.commands.demonstration import remove_demonstration
from services.mailing.commands.leaving import finish_done, send_test, start_due
from services.mailing.commands.pausing import pause_sending, resume_sending
from services.mailing.commands.queue import Queued, queue_mail, queue_mails
from services.mailing.commands.subscriptions import (
    ask_subscription,
    choose_letters,
    confirm_subscription,
    leave_letters,
    record_subscriber,
    return_to_letters,
    start_topics,
)

__all__ = [
    "Queued",
    "approve_campaign",
    "ask_subscription",
    "call_back",
    "change_item",
    "choose_letters",
    "confirm_subscription",
    "discard_campaign",
    "draft_newsletter",
    "draft_targeted",
    "finish_done",
    "leave_letters",
    "pause_sending",
    "queue_mail",
    "queue_mails",
    "record_subscriber",
    "remove_demonstration",
    "resume_sending",
    "return_to_letters",
    "send_test",
    "start_due",
    "start_topics",
    "write_campaign",
]
