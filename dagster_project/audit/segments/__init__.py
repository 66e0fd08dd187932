"""The audit of the segments: members, changes, consent, overlaps and use of each segment."""
