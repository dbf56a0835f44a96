"""Amazon EventBridge Scheduler on the virtual clock."""
