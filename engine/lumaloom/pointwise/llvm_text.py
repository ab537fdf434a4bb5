"""Lines of LLVM's language, and names for their values."""

from __future__ import annotations

from lumaloom.pointwise.llvm_math import literal


class Text:
    """Lines of one function, and names for its values.

    Attributes:
        lines: so far.
        used: names of the mathematical functions that were called.
        intrinsics: declarations that the lines need.

    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.used: set[str] = set()
        self.intrinsics: set[str] = set()
        self._count = 0
        self._scratch: dict[str, str] = {}

    def line(self, text: str) -> None:
        """Add a line as it is."""
        self.lines.append(text)

    def set(self, text: str, name: str = "v") -> str:
        """Add an instruction and return the name of its result."""
        self._count += 1
        result = f"%{name}{self._count}"
        self.lines.append(f"  {result} = {text}")
        return result

    def scratch(self, kind: str) -> str:
        """Return the address of memory on the stack, aligned for vectors; one for every kind that is asked for."""
        if kind not in self._scratch:
            self._scratch[kind] = f"%scratch{len(self._scratch)}"
            entry = self.lines.index("entry:")
            self.lines.insert(entry + 1, f"  {self._scratch[kind]} = alloca {kind}, align 64")
        return self._scratch[kind]

    def intrinsic(self, name: str, lanes: int, *args: str) -> str:
        """Call an intrinsic of vectors of float."""
        kind = f"<{lanes} x float>"
        full = f"llvm.{name}.v{lanes}f32"
        self.intrinsics.add(f"declare {kind} @{full}({', '.join([kind] * len(args))})")
        return self.set(f"call {kind} @{full}({', '.join(f'{kind} {arg}' for arg in args)})")


def splat(value: float) -> str:
    """Return a constant in all lanes."""
    return f"splat (float {literal(value)})"
