from __future__ import annotations

import pytest
from tabular import failures


def wrong():
    raise failures.StepError("rows.csv: wrong")


def test_the_message_goes_where_sagemaker_looks(tmp_path, capsys):
    assert failures.run(wrong, str(tmp_path / "message")) == 1
    assert (tmp_path / "message").read_text() == "rows.csv: wrong\n"
    assert capsys.readouterr().err == "error: rows.csv: wrong\n"


def test_outside_of_a_container_the_message_is_only_printed(tmp_path):
    assert failures.run(wrong, str(tmp_path / "missing" / "message")) == 1


def test_success_is_exit_code_0(tmp_path):
    assert failures.run(lambda: None, str(tmp_path / "message")) == 0
    assert not (tmp_path / "message").exists()


def test_a_bug_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError):
        failures.run(lambda: 1 // 0, str(tmp_path / "message"))
