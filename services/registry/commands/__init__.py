"""What changes: one function is one transaction's work."""

from services.registry.commands.accounts import ask_sign_in, give_access, role_of, sign_in, sign_out, take_access
from services.registry.commands.deciding import ask_information, publish_request, refuse_request, take_in_review
from services.registry.commands.demonstration import record_listing, remove_demonstration
from services.registry.commands.erasing import ask_erasure, request_erasure
from services.registry.commands.groups import confirm_membership, join_group, leave_group, record_group
from services.registry.commands.listing import (
    KEEP_REQUEST,
    answer_request,
    confirm_contact,
    request_asked,
    send_link_again,
    tell_request,
)
from services.registry.commands.organisations import archive_organisation, record_organisations
from services.registry.commands.watch import record_watch_item, withdraw_watch_item

__all__ = [
    "KEEP_REQUEST",
    "answer_request",
    "archive_organisation",
    "ask_erasure",
    "ask_information",
    "ask_sign_in",
    "confirm_contact",
    "confirm_membership",
    "give_access",
    "join_group",
    "leave_group",
    "publish_request",
    "record_group",
    "record_listing",
    "record_organisations",
    "record_watch_item",
    "refuse_request",
    "remove_demonstration",
    "request_asked",
    "request_erasure",
    "role_of",
    "send_link_again",
    "sign_in",
    "sign_out",
    "take_access",
    "take_in_review",
    "tell_request",
    "withdraw_watch_item",
]
