"""Templates as values: reading, checking and evaluating them; no AWS call but through what is passed in."""
