#!/usr/bin/env python3
"""compare.py FOLDER: NAME.EXECUTOR.npy against NAME.y.npy, for every network and executor there. Fails above 1e-4 of the largest value."""
import glob
import os
import sys

import numpy


def main():
    worst, count = 0.0, 0
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.y.npy"))):
        base = path[:-len(".y.npy")]
        y = numpy.load(path)
        line = f"{os.path.basename(base):20s}"
        for other in sorted(glob.glob(base + ".*.npy")):
            executor = other[len(base) + 1:-len(".npy")]
            if executor in ("x", "y"):
                continue
            v = numpy.load(other)
            difference = float(numpy.abs(v - y).max() / numpy.abs(y).max()) if v.shape == y.shape and numpy.isfinite(v).all() else float("inf")
            worst, count = max(worst, difference), count + 1
            line += f"  {executor} {difference:.1e}"
        print(line)
    print(f"{count} results, largest difference {worst:.1e} of the largest logit")
    return 0 if count and worst < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
