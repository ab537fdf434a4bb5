"""The hot loops are packed instructions: the compiler's own text says so."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import numpy as np, lumaloom_kernels as k
from lumaloom_kernels import _box, _fir, _pairs, _passes, _shrink, _shrink_u8
image = np.zeros((70, 90), np.uint8)
for sigma in (1.0, 9.0):
    k.gaussian_blur(image, sigma)
k.gaussian_blur(image[:, :5], 9.0)
for radius in (2, 9):
    k.box_blur(image, radius)
k.sobel(image)
k.sobel(image, "x")
for file, names in (
    (_fir, ("fir_u8",)),
    (_passes, ("passes_f32",)),
    (_pairs, ("sums", "gradient")),
    (_shrink, ("shrink", "enlarge")),
    (_shrink_u8, ("shrink_u8", "enlarge_u8")),
    (_box, ("box", "box_small")),
):
    for name in names:
        print("KERNEL", name)
        for text in getattr(file, name).inspect_asm().values():
            print(text)
"""

PACKED = {  # kernel -> instructions, each with the least number of times it must be there
    "fir_u8": {r"v?pmulhuw": 16, r"v?paddw": 24},
    "passes_f32": {r"v?(mulps|fmadd\w+ps)": 16},
    "sums": {r"v?pmaddubsw": 8, r"v?packuswb": 4},
    "gradient": {r"v?pmaddubsw": 8, r"v?pmaddwd": 4, r"v?(sqrtps|rsqrt14ps)": 4},
    "shrink": {r"v?(mulps|fmadd\w+ps)": 8, r"v?cvtdq2ps": 8},
    "enlarge": {r"v?(mulps|fmadd\w+ps)": 16, r"v?cvttps2dq": 4},
    "shrink_u8": {r"v?pmulhuw": 4, r"v?psllw": 4},
    "enlarge_u8": {r"v?pmulhuw": 2, r"v?(pminuw|packuswb|pmovuswb)": 2},
    "box": {r"v?paddd": 4, r"v?psubd": 2},
    "box_small": {r"v?pmulhuw": 1, r"v?psubw": 1},
}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the instructions are those of x86-64")
def test_hot_loops_are_packed(tmp_path: Path) -> None:
    # compiled anew, because code from the cache has no text
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    texts = dict(part.split("\n", 1) for part in done.stdout.split("KERNEL ")[1:])
    assert texts.keys() == PACKED.keys()
    for kernel, wanted in PACKED.items():
        for instruction, least in wanted.items():
            found = len(re.findall(rf"^\s+{instruction}\s", texts[kernel], re.MULTILINE))
            assert found >= least, (kernel, instruction, found)
