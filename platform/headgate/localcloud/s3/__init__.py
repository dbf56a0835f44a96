"""S3 on a laptop: objects are immutable files, their names are rows of one SQLite index."""
