"""What people look at, as read-only dataclasses: the one source of tables, JSON and pages."""
