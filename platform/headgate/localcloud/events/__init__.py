"""Amazon EventBridge: buses, rules, targets and schedules, delivered for real."""
