"""AWS on a laptop: the API, real compute, durability. Imports nothing of the engine."""
