"""Maps and displays of territories."""

import numpy as np
import pandas as pd
import pytest

from salesops_nb.present.charts import territory_map


def test_every_county_of_the_fifty_states_has_a_shape_near_its_place() -> None:
    shapes = territory_map.county_shapes()
    assert 3100 < len([c for c in shapes if c[:2] < "57"]) < 3200
    cook = np.concatenate(shapes["17031"])
    assert abs(cook[:, 0].mean() + 87.8) < 0.3
    assert abs(cook[:, 1].mean() - 41.8) < 0.3


def test_neighbouring_counties_share_their_border_after_simplification() -> None:
    shapes = territory_map.county_shapes()
    here, there = ({tuple(p) for ring in shapes[c] for p in ring.round(4)} for c in ("17031", "17043"))
    assert len(here & there) >= 2


@pytest.mark.parametrize("middle", [(-100.0, 40.0), (179.9, 60.0)])
def test_projection_keeps_area_and_knows_no_antimeridian(middle: tuple[float, float]) -> None:
    lon, lat = middle[0] + np.array([-1.0, 1.0]), np.full(2, middle[1])
    x, y = territory_map.projected(lon, lat, middle)
    assert x[0] == pytest.approx(-x[1])
    assert abs(x[1] - x[0]) == pytest.approx(np.radians(2) * np.cos(np.radians(middle[1])), rel=1e-3)
    assert np.ptp(y) < 1e-9


def test_map_says_how_many_units_change_hands_and_falls_back_to_dots() -> None:
    units = pd.DataFrame({"unit_id": ["a", "b"], "latitude": [60.0, 61.0], "longitude": [179.0, -179.0]})
    charts = territory_map.territories(
        units, [{"a": "X", "b": "X"}, {"a": "X", "b": "Y"}], ["Before", "After"]
    )
    chart = charts[-1]
    assert [each.title for each in charts] == ["Before", "After"]
    assert "2 units of 2 reps; 1 have another rep" in chart.alt
    assert np.ptp(chart.figure.axes[0].collections[0].get_offsets()[:, 0]) < 0.1
