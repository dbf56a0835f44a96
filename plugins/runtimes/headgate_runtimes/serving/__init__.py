"""Model servers under SageMaker's inference contract: `/ping`, `/invocations`, `/execution-parameters`.

Standard library only, up to what a model itself needs, so that it runs in any project's environment.
"""
