"""What the local cloud's own services announce on the event buses, as AWS's do."""
