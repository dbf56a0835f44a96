"""Seam: changing a crawler (`moto_glue.py`)."""

from __future__ import annotations

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow  # each starts processes of its own


def test_a_crawler_changes_what_is_given_and_keeps_the_rest(daemon: LocalDaemon) -> None:
    glue = daemon.client("glue")
    targets = {"S3Targets": [{"Path": "s3://lake/a/"}]}
    glue.create_crawler(Name="c", Role=daemon.role(), DatabaseName="d", Targets=targets, TablePrefix="raw_")
    glue.update_crawler(Name="c", DatabaseName="other", Description="later")
    daemon.kill_and_restart()
    found = daemon.client("glue").get_crawler(Name="c")["Crawler"]
    assert (found["DatabaseName"], found["Description"], found["TablePrefix"]) == ("other", "later", "raw_")
    assert found["Targets"]["S3Targets"][0]["Path"] == "s3://lake/a/"
    assert found["Version"] == 2


def test_a_crawler_that_is_not_there_is_not_found(daemon: LocalDaemon) -> None:
    glue = daemon.client("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.update_crawler(Name="missing", Description="x")
