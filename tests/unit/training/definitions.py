"""Settings of every kind of training pipeline, and what a compiled definition has."""

from __future__ import annotations

VARIANTS = {
    "xgboost": {},
    "classification": {"task": "classification"},
    "multiclass": {"task": "classification", "classes": 3},
    "linear-learner": {"algorithm": "linear-learner"},
    "linear-learner, two classes": {"algorithm": "linear-learner", "task": "classification"},
    "linear-learner, classes": {"algorithm": "linear-learner", "task": "classification", "classes": 4},
    "script": {"algorithm": "script"},
    "tuned": {"tuning": {"enabled": True, "ranges": {"eta": {"min": 0.1, "max": 0.3}}}},
    "tuned script": {
        "algorithm": "script",
        "tuning": {"enabled": True, "ranges": {"n_estimators": {"min": 1, "max": 9, "type": "integer"}}},
    },
    "threshold": {"evaluation": {"threshold": 3.5}},
    "no comparison": {"evaluation": {"threshold": 3.5, "compare_with_best": False}},
    "nothing to pass": {"evaluation": {"compare_with_best": False}},
    "on S3": {"data": "s3://lake/prices/"},
    "wide": {"features": [f"a rather long column name, number {number}" for number in range(60)]},
}


def steps(compiled):
    """Every step of the definition by name, those in branches too."""
    found = {}

    def walk(entries):
        for entry in entries:
            found[entry["Name"]] = entry
            walk(entry["Arguments"].get("IfSteps", []))
            walk(entry["Arguments"].get("ElseSteps", []))

    walk(compiled.definition["Steps"])
    return found


def parameters(compiled):
    return {each["Name"]: each.get("DefaultValue") for each in compiled.definition["Parameters"]}


def options(step):
    """A processing step's command line as (option, value) pairs, as text."""
    arguments = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    return [(arguments[n], arguments[n + 1]) for n in range(0, len(arguments) - 1, 2)]
