"""What plugin authors test with: the pytest fixture `headgate_project`, and `headgate.testing.conformance`.

Installing Headgate installs the fixture. Nothing is imported here, for pytest loads it in every test run.
"""
