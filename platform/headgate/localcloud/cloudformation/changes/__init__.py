"""Change sets: what an update would do, computed from values; and drift, from what exists."""
