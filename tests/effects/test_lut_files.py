"""Colour lookup files: what they mean, and what is refused."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import ParameterError
from lumaloom_effects._lut_files import read_lut
from tests.effects.lut_writing import red_fastest, rows, some_cube, write_3dl, write_cube, write_hald, write_png

IDENTITY_ROWS = rows(red_fastest(np.stack(np.meshgrid(*[np.linspace(0, 1, 2)] * 3, indexing="ij"), axis=-1)))


def refusal(path: Path | str) -> str:
    with pytest.raises(ParameterError) as caught:
        read_lut(str(path))
    message = str(caught.value)
    assert message.startswith("lut: file ")
    assert "\n" not in message
    return message


def written(folder: Path, text: str | bytes, name: str = "look.cube") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_cube_with_everything(tmp_path: Path) -> None:
    cube = some_cube(5)
    head = '# made by hand\n\nTITLE "A look"\nDOMAIN_MIN -0.5 0 0.1\nDOMAIN_MAX 2 1 1.1\n'
    lut = read_lut(str(write_cube(tmp_path / "look.cube", cube, head)))
    assert lut.title == "A look"
    assert lut.curve is None
    assert lut.cube is not None
    assert lut.cube.dtype == np.float32
    np.testing.assert_allclose(lut.cube, cube, atol=1e-7)
    assert lut.cube_domain is not None
    assert lut.cube_domain.tolist() == [[-0.5, 0, 0.1], [2, 1, 1.1]]


def test_red_runs_fastest(tmp_path: Path) -> None:
    lut = read_lut(str(written(tmp_path, f"LUT_3D_SIZE 2\n{IDENTITY_ROWS}")))
    assert lut.cube is not None
    for index in np.ndindex(2, 2, 2):
        assert lut.cube[index].tolist() == list(index)


def test_a_curve(tmp_path: Path) -> None:
    lut = read_lut(str(written(tmp_path, "LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE 0 2\n0 0 1\n.5 .25 .5\n1e0 1 -0\n")))
    assert lut.cube is None
    assert lut.curve is not None
    assert lut.curve.tolist() == [[0, 0, 1], [0.5, 0.25, 0.5], [1, 1, 0]]
    assert lut.curve_domain is not None
    assert lut.curve_domain.tolist() == [[0, 0, 0], [2, 2, 2]]


def test_a_curve_before_a_cube(tmp_path: Path) -> None:
    head = "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE -1 3\nLUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0 0.5\n"
    lut = read_lut(str(written(tmp_path, f"{head}0 0 0\n0.5 0.5 0.5\n{IDENTITY_ROWS}")))
    assert lut.curve is not None
    assert lut.cube is not None
    assert lut.curve.shape == (2, 3)
    assert lut.cube.shape == (2, 2, 2, 3)
    assert lut.curve_domain is not None
    assert lut.curve_domain.tolist() == [[-1] * 3, [3] * 3]
    assert lut.cube_domain is not None
    assert lut.cube_domain.tolist() == [[0] * 3, [0.5] * 3]
    # DOMAIN_* holds for what comes first.
    head = "DOMAIN_MAX 4 4 4\nLUT_1D_SIZE 2\nLUT_3D_SIZE 2\n"
    lut = read_lut(str(written(tmp_path, f"{head}0 0 0\n1 1 1\n{IDENTITY_ROWS}", "both.cube")))
    assert lut.curve_domain is not None
    assert lut.curve_domain[1].tolist() == [4] * 3
    assert lut.cube_domain is not None
    assert lut.cube_domain[1].tolist() == [1] * 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark(tmp_path: Path, end: str, mark: bytes) -> None:
    text = f'TITLE\t"caf\u00e9"\nLUT_3D_SIZE\t2\n{IDENTITY_ROWS}'.replace("\n", end).replace(" ", " \t")
    lut = read_lut(str(written(tmp_path, mark + text.encode())))
    assert lut.cube is not None
    assert lut.cube.sum() == 12
    assert lut.title == "caf\u00e9"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected LUT_1D_SIZE or LUT_3D_SIZE and rows, the file ends after 0"),
        ("0 0 0\n", "line 1: expected LUT_1D_SIZE or LUT_3D_SIZE before the first row"),
        ("LUT_3D_SIZE 2\n", "the file ends after 0"),
        ("LUT_3D_SIZE 2\n0 0 0\n# x\n", "expected 8 rows of numbers, the file ends after 1"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n2 2 2\n", "line 4: expected the end of the file after 2 rows, got '2 2 2'"),
        ("LUT_1D_SIZE 2\n0 0 0\n\n1 1\n", "line 4: expected 3 numbers, got '1 1'"),
        ("LUT_1D_SIZE 2\n0 0 nan\n", "line 2: expected 3 numbers, got '0 0 nan'"),
        ("LUT_1D_SIZE 2\n0 1e99 0\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\n0 -inf 0\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\n0 0 0\nTITLE x\n", "line 3: expected rows of numbers after the first one, got 'TITLE x'"),
        ("LUT_1D_SIZE 1\n", "line 1: expected LUT_1D_SIZE to be a whole number from 2 to 65536, got '1'"),
        ("LUT_3D_SIZE 999999999999\n", "from 2 to 144, got '999999999999'"),
        ("LUT_3D_SIZE -2\n", "got '-2'"),
        ("LUT_3D_SIZE \u0664\n", "from 2 to 144"),
        ("LUT_3D_SIZE 2\nLUT_3D_SIZE 2\n", "line 2: LUT_3D_SIZE is given twice"),
        ("LUT_4D_SIZE 2\n", "line 1: unknown keyword 'LUT_4D_SIZE'; a .cube file has TITLE, LUT_1D_SIZE"),
        ("LUT_3D_INPUT_RANGE 1 0\n", "line 1: expected the first number to be below the second"),
        ("DOMAIN_MIN 0 0\n", "line 1: expected 3 numbers, got '0 0'"),
        ("LUT_1D_SIZE 2\nDOMAIN_MAX 1 0 1\n0 0 0\n", "line 3: expected DOMAIN_MIN below DOMAIN_MAX"),
        (b"\x00\x01\x02", "line 1: expected a line of text, got binary data"),
        (b"\xff" * 20000, "line 1: expected a line of text, got binary data or thousands of characters"),
        ("9" * 3000, "line 1: expected LUT_1D_SIZE or LUT_3D_SIZE before"),
    ],
)
def test_what_is_no_cube(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert message in refusal(written(tmp_path, text))


@pytest.mark.parametrize(("bits", "top"), [(8, 255), (10, 1023), (12, 4095), (16, 65535)])
def test_a_3dl(tmp_path: Path, bits: int, top: int) -> None:
    cube = some_cube(17)
    cube[-1, -1, -1] = 1
    mesh = [*range(0, 1024, 64), 1023]
    lut = read_lut(str(write_3dl(tmp_path / "look.3dl", cube, mesh, top)))
    assert lut.curve is None
    assert lut.cube is not None
    assert np.abs(lut.cube - cube).max() <= 0.51 / top


def test_a_3dl_with_header_and_uneven_points(tmp_path: Path) -> None:
    cube = some_cube(5) * 0.2  # the values alone would look like 10 bits
    mesh = [0, 100, 300, 700, 1000]
    lut = read_lut(str(write_3dl(tmp_path / "l.3dl", cube, mesh, 4095, "3DMESH\nMesh 2 12\n")))
    assert lut.cube is not None
    assert np.abs(lut.cube - cube).max() <= 0.51 / 4095
    assert lut.curve is not None
    for number, point in enumerate(mesh):
        index = point / 1000 * (len(lut.curve) - 1)
        assert np.abs(np.interp(index, np.arange(len(lut.curve)), lut.curve[:, 1]) - number / 4) < 1e-3
    with (tmp_path / "l.3dl").open("a") as file:
        file.write("# tail\nLUT8\ngamma 1.0\n")
    assert read_lut(str(tmp_path / "l.3dl")).cube is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a line of mesh points and rows, the file ends after 0"),
        ("0 1023\n0 0 0\n", "expected 8 rows of numbers, the file ends after 1"),
        ("0\n", "line 1: expected a line of 2 to 144 mesh points"),
        (" ".join(map(str, range(200))), "line 1: expected a line of 2 to 144 mesh points"),
        ("0 512 400\n", "line 1: expected mesh points that rise from 0"),
        ("1 2\n", "line 1: expected mesh points that rise from 0"),
        ("0 1\n0 0.5 0\n", "line 2: expected three whole numbers from 0 to 65535, got '0 0.5 0'"),
        ("0 1\n0 -1 0\n", "line 2: expected three whole numbers"),
        ("0 1\n0 0 70000\n", "line 2: expected three whole numbers"),
        ("0 1\n0 0\n", "line 2: expected 3 numbers"),
        ("Mesh 2 12\n0 1\n", "line 2: expected the 5 mesh points that the Mesh line announces, got 2"),
        ("Mesh 9 12\n", "line 1: expected the mesh's bits from 1 to 7, got '9'"),
        ("Hello\n", "line 1: expected a line of 2 to 144 mesh points, got 'Hello'"),
    ],
)
def test_what_is_no_3dl(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(written(tmp_path, text, "look.3dl"))


@pytest.mark.parametrize(("fmt", "step"), [("rgb24", 255), ("rgb48be", 65535)])
def test_a_hald_picture(tmp_path: Path, fmt: str, step: int) -> None:
    cube = some_cube(9)
    lut = read_lut(str(write_hald(tmp_path / "look.png", cube, fmt)))
    assert lut.cube is not None
    assert np.abs(lut.cube - cube).max() <= 0.51 / step


def test_what_is_no_hald_picture(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", np.zeros((27, 28, 3), np.uint8))
    assert "expected a square Hald CLUT, such as 512x512 of level 8, got 28x27" in refusal(tmp_path / "a.png")
    assert "is no PNG picture" in refusal(written(tmp_path, "LUT_3D_SIZE 2", "b.png"))
    whole = write_hald(tmp_path / "c.png", some_cube(9)).read_bytes()
    assert "is a damaged PNG picture" in refusal(written(tmp_path, whole[:100], "d.png"))
    assert "is a damaged PNG picture" in refusal(written(tmp_path, whole[:40] + b"\xff" * 500, "e.png"))
    huge = whole[:16] + (40000).to_bytes(4, "big") * 2 + whole[24:]
    assert "got 40000x40000" in refusal(written(tmp_path, huge, "f.png"))


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.cube")
    assert "expected a file that ends with .cube, .3dl or .png" in refusal(tmp_path / "look.xmp")
    (tmp_path / "folder.cube").mkdir()
    assert "is no regular file" in refusal(tmp_path / "folder.cube")
    os.mkfifo(tmp_path / "pipe.cube")
    assert "is no regular file" in refusal(tmp_path / "pipe.cube")
    assert "can't be read" in refusal("null\0byte.cube")
    assert "can't be read" in refusal("x" * 5000 + ".cube")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "look.cube", some_cube(3))
    first = read_lut(str(path))
    assert read_lut(str(path)) is first
    write_cube(path, some_cube(3, seed=1))
    os.utime(path, ns=(1, 1))
    assert read_lut(str(path)) is not first


def test_an_endless_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.cube"
    path.write_text("LUT_1D_SIZE 2\n" + "# nothing\n" * 200_000 + "0 0 0\n" * 3)
    with (tmp_path / "hole.cube").open("wb") as file:
        file.truncate(1 << 40)
    tracemalloc.start()
    try:
        assert "expected the end of the file after 2 rows" in refusal(path)
        assert "got binary data" in refusal(tmp_path / "hole.cube")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@settings(deadline=None, max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [
                    "LUT_3D_SIZE 2",
                    "LUT_1D_SIZE 2",
                    "0 0 0",
                    "1 1 1",
                    "TITLE",
                    "DOMAIN_MAX 1 2 3",
                    "#",
                    "0 64 128",
                    "Mesh",
                ]
            ),
            max_size=12,
        ).map(lambda lines: "\n".join(lines).encode()),
    ),
    st.sampled_from([".cube", ".3dl", ".png"]),
)
def test_anything_is_read_or_refused_in_one_line(data: bytes, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), data, f"x{end}")
        try:
            lut = read_lut(str(path))
        except ParameterError as problem:
            assert "\n" not in str(problem)  # noqa: PT017
        else:
            assert lut.cube is not None or lut.curve is not None
