"""STS: credentials of roles and users that are checked, durable, and expire."""
