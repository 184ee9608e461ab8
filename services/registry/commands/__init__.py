"""What changes: one function is one transaction's work."""

from services.registry.commands.accounts import ask_sign_in, role_of, sign_out, use_link
from services.registry.commands.deciding import ask_information, publish_request, refuse_request, take_in_review
from services.registry.commands.demonstration import record_listing, remove_demonstration
from services.registry.commands.groups import confirm_membership, join_group, leave_group, record_group
from services.registry.commands.listing import answer_request, confirm_contact, request_listing
from services.registry.commands.organisations import archive_organisation, record_organisation
from services.registry.commands.watch import record_watch_item, withdraw_watch_item

__all__ = [
    "answer_request",
    "archive_organisation",
    "ask_information",
    "ask_sign_in",
    "confirm_contact",
    "confirm_membership",
    "join_group",
    "leave_group",
    "publish_request",
    "record_group",
    "record_listing",
    "record_organisation",
    "record_watch_item",
    "refuse_request",
    "remove_demonstration",
    "request_listing",
    "role_of",
    "sign_out",
    "take_in_review",
    "use_link",
    "withdraw_watch_item",
]
