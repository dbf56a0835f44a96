from __future__ import annotations

import hashlib
import json
import random

import pytest
from tabular.failures import StepError

ROWS = [f"{size},{size % 3},{['red', 'green', 'blue'][size % 3]},{size * 2 + 1}" for size in range(40)]
HEADER = "size,rest,colour,price"


@pytest.fixture
def preprocess(step, write, tmp_path):
    """Run the step over the text of a CSV file; returns the folder it wrote to."""

    def run(text, *arguments, task="regression", target="price", into="out"):
        write("in/raw/rows.csv", text)
        main = step("preprocessing/preprocess")["main"]
        main(
            ["--task", task, "--target", target, "--input", str(tmp_path / "in"), "--output", str(tmp_path / into)]
            + ["--seed", "7", *arguments]
        )
        return tmp_path / into

    return run


def csv(rows=ROWS, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def lines(folder, part):
    return (folder / part / f"{part}.csv").read_text().splitlines()


def everything(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_row_is_in_exactly_one_part(preprocess):
    out = preprocess(csv(), "--features", "size")
    parts = {part: lines(out, part) for part in ("train", "validation", "test")}
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 24, "validation": 8, "test": 8}
    assert len({row for rows in parts.values() for row in rows}) == 40


def test_target_comes_first_without_a_header(preprocess):
    out = preprocess(csv(), "--features", "size")
    for row in lines(out, "train"):
        target, size = map(float, row.split(","))
        assert target == size * 2 + 1


def test_the_test_rows_are_there_without_their_targets_too(preprocess):
    out = preprocess(csv(), "--features", "size,rest")
    features = (out / "features" / "test.csv").read_text().splitlines()
    assert features == [row.partition(",")[2] for row in lines(out, "test")]


def test_order_of_the_rows_does_not_matter(preprocess):
    first = everything(preprocess(csv(), "--categorical", "colour", into="a"))
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    second = everything(preprocess(csv(shuffled), "--categorical", "colour", into="b"))
    differing = [str(name) for name in first if first[name] != second[name]]
    assert differing == ["lineage/lineage.json"]  # the digest is of the bytes, and those differ


def test_another_seed_splits_otherwise(preprocess):
    first = lines(preprocess(csv(), "--features", "size", into="a"), "test")
    second = lines(preprocess(csv(), "--features", "size", "--seed", "8", into="b"), "test")
    assert first != second


def test_a_category_becomes_a_column_for_each_value(preprocess):
    out = preprocess(csv(), "--features", "colour", "--categorical", "colour")
    assert json.loads((out / "lineage/lineage.json").read_text())["encoding"]["columns"] == [
        "colour=blue",
        "colour=green",
        "colour=red",
    ]
    assert all(sorted(row.split(",")[1:]) == ["0.0", "0.0", "1.0"] for row in lines(out, "train"))


def test_an_empty_cell_becomes_the_training_median(preprocess):
    rows = [f"{'' if index == 3 else 5},{index},red,{index}" for index in range(40)]
    out = preprocess(csv(rows), "--features", "size", "--features", "rest")
    assert {row.split(",")[1] for part in ("train", "validation", "test") for row in lines(out, part)} == {"5.0"}


def test_scaling_gives_training_rows_mean_0_and_deviation_1(preprocess):
    out = preprocess(csv(), "--features", "size", "--scale")
    sizes = [float(row.split(",")[1]) for row in lines(out, "train")]
    mean = sum(sizes) / len(sizes)
    assert mean == pytest.approx(0, abs=1e-9)
    assert sum((size - mean) ** 2 for size in sizes) / len(sizes) == pytest.approx(1)


def test_classes_are_numbered_and_spread_evenly(preprocess):
    rows = [f"{index},0,red,{'yes' if index < 10 else 'no'}" for index in range(40)]
    out = preprocess(csv(rows), "--features", "size", task="classification")
    for part, expected in (("train", 6), ("validation", 2), ("test", 2)):
        assert sum(row.startswith("1,") for row in lines(out, part)) == expected


def test_lineage_holds_the_names_of_the_classes_as_a_version_can_record_them(preprocess):
    rows = [f"{index},0,red,{'<30' if index < 10 else 'no'}" for index in range(40)]
    lineage = json.loads((preprocess(csv(rows), "--features", "size", task="classification") / "lineage/lineage.json").read_text())
    assert lineage["classes"] == "@3C30@2Cno"
    assert lineage["encoding"]["classes"] == ["<30", "no"]


def test_lineage_holds_the_digest_of_the_bytes(preprocess):
    out = preprocess(csv(), "--features", "size")
    lineage = json.loads((out / "lineage/lineage.json").read_text())
    assert lineage["data_digest"] == hashlib.sha256(csv().encode()).hexdigest()
    assert (lineage["rows"], lineage["seed"]) == ("40", "7")


def test_the_baseline_describes_the_training_rows(preprocess):
    out = preprocess(csv(), "--categorical", "colour")
    statistics = json.loads((out / "baseline/statistics.json").read_text())
    by_name = {feature["name"]: feature for feature in statistics["features"]}
    assert statistics["dataset"]["item_count"] == 24
    assert by_name["size"]["inferred_type"] == "Integral"
    buckets = by_name["size"]["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == 24
    constraints = json.loads((out / "baseline/constraints.json").read_text())
    colour = next(feature for feature in constraints["features"] if feature["name"] == "colour")
    assert colour["string_constraints"]["domains"] == ["blue", "green", "red"]


def test_several_files_are_one_table(preprocess, write):
    write("in/raw/more.csv", csv([f"{size},0,red,{size * 2 + 1}" for size in range(100, 110)]))
    out = preprocess(csv(), "--features", "size")
    assert sum(len(lines(out, part)) for part in ("train", "validation", "test")) == 50


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", [], "rows.csv: the file is empty"),
        (HEADER + "\n", [], "rows.csv: there is a header line but no row"),
        (csv(header="size,rest,colour,cost"), [], "rows.csv: there is no target column 'price'; the columns are size"),
        (csv(), ["--features", "size,weight"], "rows.csv: there is no feature column 'weight'"),
        (csv(), [], "rows.csv, line 2: column 'colour' is 'red', not a number; list it under `categorical`"),
        (csv([*ROWS, "5,1,red,"]), ["--features", "size"], "rows.csv, line 42: the target column 'price' is empty"),
        (csv([*ROWS, "5,1,red,dear"]), ["--features", "size"], "rows.csv, line 42: column 'price' is 'dear'"),
        (csv([*ROWS, "5,1,red,9,9"]), ["--features", "size"], "rows.csv: not a CSV file"),
        (csv([row + ",1" for row in ROWS]), ["--features", "size"], "rows.csv: the rows have more cells"),
        (csv(header="size,size ,colour,price"), [], "rows.csv: the column 'size' is there twice"),
        (csv(ROWS[:2]), ["--features", "size"], "2 rows are too few to split"),
        (csv(ROWS[:1]), ["--features", "size"], "1 row is too few to split"),
        (
            csv([f"{index},b,red,1" for index in range(20)]),
            ["--features", "size,rest,colour"],
            "rows.csv, line 2: column 'rest' is 'b', not a number; these hold other things than numbers: "
            "if they are categories, categorical: [rest, colour]",
        ),
        (
            csv([f"{index},0,red,7.5" for index in range(20)]),
            ["--features", "size"],
            "rows.csv: the target column 'price' is 7.5 in every row: there is nothing to learn",
        ),
        (csv(["inf,1,red,3"] * 20), ["--features", "size"], "rows.csv, line 2: column 'size' is 'inf'"),
        (csv([",1,red,3"] * 20), ["--features", "size"], "rows.csv: column 'size' is empty in every row"),
        (csv(), ["--features", "size,price"], "rows.csv: the target column 'price' cannot be a feature as well"),
        (csv(), ["--features", "size", "--categorical", "colour"], "'colour' is not among the features"),
    ],
)
def test_data_that_does_not_fit_is_refused_by_name(preprocess, text, arguments, message):
    with pytest.raises(StepError) as raised:
        preprocess(text, *arguments)
    assert message in str(raised.value)


def test_files_must_have_the_same_columns(preprocess, write):
    write("in/raw/a.csv", "size,price\n1,2\n")
    with pytest.raises(
        StepError, match=r"rows\.csv: its columns are size, rest, colour, price, but a\.csv has size, price"
    ):
        preprocess(csv())


def test_a_folder_without_csv_is_refused(step, tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(StepError, match=r"no \.csv file"):
        step("preprocessing/preprocess")["main"](["--task", "regression", "--target", "y", "--input", str(tmp_path)])


def test_the_number_of_classes_must_be_what_the_settings_say(preprocess):
    with pytest.raises(StepError, match=r"has 3 classes \(blue, green, red\), but `classes` is 2"):
        preprocess(csv(), "--features", "size", task="classification", target="colour")


def test_fractions_must_leave_rows_to_train_on(preprocess, capsys):
    with pytest.raises(SystemExit):
        preprocess(csv(), "--test", "0.5", "--validation", "0.5")
    assert "leave rows to train on" in capsys.readouterr().err
