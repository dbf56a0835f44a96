"""Who may do what: IAM's policy evaluation, and what every operation of the local cloud asks it for."""
