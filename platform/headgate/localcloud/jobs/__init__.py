"""SageMaker's jobs and endpoints, run as local processes under the container contract."""
