"""CloudTrail: what was asked of the local cloud, by whom, and how it ended: kept, looked up, delivered."""
