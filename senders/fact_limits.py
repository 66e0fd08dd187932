"""Limits of the rows of events and tracking.

One table for landing, which rejects a row outside the limits, and for the collector, which refuses
such a row before it answers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""An earlier time comes from an empty or broken clock."""
AHEAD = timedelta(days=1)
"""A time may lie this far after the landing of its row."""
LINE_BYTES = 1_000_000
"""A longer line is rejected, which bounds the memory."""
