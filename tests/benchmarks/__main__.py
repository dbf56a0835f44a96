"""`make bench`: print every promise with its measure; exit 1 when one is broken."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import bench_accounts, bench_cli, bench_cloud
from benchmarks.measure import HEADER


def main() -> int:
    """Run all benchmarks, or those whose module names are given."""
    chosen = sys.argv[1:] or ["cli", "cloud", "accounts"]
    modules = {"cli": bench_cli, "cloud": bench_cloud, "accounts": bench_accounts}
    print(HEADER)
    kept = True
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
            for result in modules[name].measure(Path(folder)):
                print(result.row(), flush=True)
                kept = kept and result.is_kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
