"""CloudWatch Logs on a laptop: every log stream is a text file that a person can read."""
