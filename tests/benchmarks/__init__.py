"""Every speed promise, measured: ours and the peer's in one run, and their ratio. `make bench`."""
