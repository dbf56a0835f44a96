"""The pipeline engine: runs SageMaker pipeline definitions (version 2020-12-01), any of them, not only ours."""
