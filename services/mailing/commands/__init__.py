"""What the mailing service does, one function a transaction's work."""

from services.mailing.commands.demonstration import remove_demonstration
from services.mailing.commands.queue import queue_mail
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
    "ask_subscription",
    "choose_letters",
    "confirm_subscription",
    "leave_letters",
    "queue_mail",
    "record_subscriber",
    "remove_demonstration",
    "return_to_letters",
    "start_topics",
]
