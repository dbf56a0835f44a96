"""How requests arrive and where they go: HTTP, identity, routing, moto as a guest, durability of what moto holds."""
