#!/usr/bin/python3
"""usage: compare_npy.py A.npy B.npy: exit 1 unless equal within 1e-4, relative to the largest value."""
import sys
import numpy as np

a, b = np.load(sys.argv[1]), np.load(sys.argv[2])
if a.shape != b.shape:
    sys.exit(f"shapes differ: {a.shape} and {b.shape}")
error = np.abs(a - b).max() / max(np.abs(b).max(), 1e-6)
if not error <= 1e-4:
    sys.exit(f"largest error {error:.3g}")
