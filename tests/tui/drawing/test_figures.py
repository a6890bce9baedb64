"""Numbers as screens write them: one form for each kind."""

import pytest

from cfbench.tui.drawing import figures


@pytest.mark.parametrize("value", [-0.0, -0.0004, 0.0])
def test_what_rounds_to_nothing_has_no_minus(value: float) -> None:
    assert (figures.metric(value), figures.signed(value)) == ("0.000", "+0.00")
    assert figures.metric(-0.0006) == "−0.001"
