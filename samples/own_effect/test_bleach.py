"""`pip install . pytest && pytest` in this folder."""

from lumaloom_effect_bleach import bleach

from lumaloom.testing import check_effect


def test_bleach() -> None:
    check_effect(bleach(amount=0.6))
