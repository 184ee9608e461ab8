"""The indicators, one file each, in the order in which they are shown."""

from collections.abc import Mapping

from services.observatory.domain import UnknownIndicator
from services.observatory.indicators import (
    gatherings,
    letters_sent,
    listing_requests,
    organisations,
    participants,
    registrations,
    subscribers,
)
from services.observatory.indicators.base import Indicator

__all__ = ["INDICATORS", "Indicator", "indicator"]

INDICATORS: Mapping[str, Indicator] = {
    one.INDICATOR.id: one.INDICATOR
    for one in (organisations, listing_requests, gatherings, registrations, participants, subscribers, letters_sent)
}


def indicator(name: str) -> Indicator:
    """The indicator of this id. Raises UnknownIndicator."""
    try:
        return INDICATORS[name]
    except KeyError:
        raise UnknownIndicator() from None
