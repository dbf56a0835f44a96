"""Every request is authorized before it is answered: the facts that decide it, and the gate that asks."""
