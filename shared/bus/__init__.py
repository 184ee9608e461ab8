"""The bus: PostgreSQL is the record, JetStream the carrier."""

from shared.bus.bus import Bus

__all__ = ["Bus"]
