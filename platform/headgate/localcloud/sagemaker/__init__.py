"""The SageMaker API, answered for real: jobs and pipelines run, the registry lasts."""
