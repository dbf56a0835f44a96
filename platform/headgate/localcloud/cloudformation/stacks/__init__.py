"""Stacks: their records, and the operations that create, update, roll back and delete them."""
