"""Maps and displays of territories."""

import numpy as np
import pandas as pd
import pytest

from salesops_nb.present.charts import territory_map
from salesops_nb.present.charts.counties import county_name, is_county, outline
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import use_locale


def area(rings: list[np.ndarray]) -> float:
    """Square degrees within rings, holes taken off."""
    return abs(sum(float(np.sum(r[:, 0] * np.roll(r[:, 1], 1) - r[:, 1] * np.roll(r[:, 0], 1))) / 2
                   for r in rings))  # fmt: skip


def test_a_county_has_a_shape_near_its_place_and_a_name() -> None:
    cook = np.concatenate(outline(["17031"]))
    assert abs(cook[:, 0].mean() + 87.8) < 0.3
    assert abs(cook[:, 1].mean() - 41.8) < 0.3
    assert county_name("17031") == "Cook, Illinois"
    assert county_name("unit 7") == "unit 7"
    assert not is_county("99999")
    assert outline(["99999"]) == []


@pytest.mark.parametrize("state", ["17", "48", "26", "06"])
def test_counties_together_have_one_outline_of_the_same_area(state: str) -> None:
    """Borders within fall away, islands and holes stay; thinned on both sides alike."""
    from salesops_nb.present.charts.counties import _file

    names = [county for county in _file()["counties"] if county.startswith(state)]
    whole, parts = outline(names), [ring for name in names for ring in outline([name])]
    assert area(whole) == pytest.approx(sum(area(outline([name])) for name in names), rel=1e-9)
    assert sum(map(len, whole)) < 0.6 * sum(map(len, parts))
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    thin = sum(area(outline(half, 0.1)) for half in halves)
    assert thin == pytest.approx(area(outline(names, 0.1)), rel=1e-6)


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
    places = np.concatenate([line.get_xdata() for line in chart.figure.axes[0].lines])
    assert np.ptp(places) < 0.1


COUNTIES = pd.DataFrame(
    {
        "unit_id": ["17031", "17043", "17089", "48201", "48157"],  # three of Illinois, two of Texas
        "latitude": [41.84, 41.85, 41.94, 29.86, 29.53],
        "longitude": [-87.82, -88.09, -88.43, -95.39, -95.77],
        "potential": [5.0, 4.0, 3.0, 2.0, 1.0],
    }
)
TODAY = dict.fromkeys(COUNTIES["unit_id"], "Ana Pop")


def test_what_moves_is_near_and_named_each_place_by_itself() -> None:
    after = {**TODAY, "17043": "Bo Ray", "48157": "Cy Dan", "17089": "Bo Ray"}
    north, south = territory_map.moving(COUNTIES, TODAY, after, subtitle="Units")
    assert north.title == "2 units change their rep, from Ana Pop to Bo Ray"
    assert south.title == "1 unit changes its rep, from Ana Pop to Cy Dan"
    assert north.half
    assert ">DuPage<" in north.svg
    assert "DuPage, Illinois: Bo Ray, before Ana Pop" in north.alt
    assert ">17043<" not in north.svg
    assert "17043" not in north.alt
    assert "Fort Bend, Texas" in south.svg
    assert max(len(each.svg) for each in (north, south)) < 40_000
    assert not north.raster
    (together,) = territory_map.moving(COUNTIES, TODAY, after, apart=False)
    assert together.title == "3 units change their rep, most from Ana Pop to Bo Ray (2)"
    again = territory_map.moving(COUNTIES, TODAY, after, subtitle="Units")
    assert again[0].svg == north.svg


def test_where_nothing_moves_there_is_no_map_of_moves() -> None:
    assert territory_map.moving(COUNTIES, TODAY, TODAY) == []
    assert territory_map.moving(COUNTIES.iloc[:0], {}, {}) == []


def test_units_that_had_no_rep_and_units_that_are_no_counties_are_on_the_map() -> None:
    plain = COUNTIES.assign(unit_id=list("abcde"))
    (first, *_more) = territory_map.moving(plain, {"a": "Ana"}, dict.fromkeys("abcde", "Ana"))
    assert first.title == "2 units change their rep"
    assert "before –" in first.alt
    assert ">b<" in first.svg


@pytest.mark.parametrize(("locale", "words"), [("en_US", "62 mi"), ("en_GB", "62 mi"), ("ro_RO", "100 km"),
                                               ("de_DE", "100 km"), ("en_CA", "100 km")])  # fmt: skip
def test_distances_are_in_miles_where_roads_are(locale: str, words: str) -> None:
    use_locale(locale, "USD")
    assert formats.distance(100) == words
    after = {**TODAY, "17043": "Bo Ray"}
    assert words.split()[1] in territory_map.moving(COUNTIES, TODAY, after)[0].svg


def test_maps_take_the_colours_of_the_page() -> None:
    from salesops_nb.present.export.images import inline_svg

    after = {**TODAY, "17043": "Bo Ray"}
    for chart in [*territory_map.moving(COUNTIES, TODAY, after),
                  *territory_map.territories(COUNTIES, [TODAY, after], ["A", "B"])]:  # fmt: skip
        drawing = inline_svg(chart.svg, "c1", "x")
        assert "var(--fill-" in drawing
        assert "#7fb0d6" not in drawing
        assert "image/svg+xml" in chart.bundle()[0]


def test_a_map_of_the_whole_country_stays_a_small_drawing() -> None:
    from salesops_nb.present.charts.counties import _file

    places = {
        county: outline([county])[0].mean(axis=0) for county in _file()["counties"] if outline([county])
    }
    units = pd.DataFrame(
        [(county, at[1], at[0]) for county, at in places.items()],
        columns=["unit_id", "latitude", "longitude"],
    )
    before = {county: f"Rep {int(county[:2]) % 30}" for county in places}
    after = {c: "Rep 1" if -99 < places[c][0] < -94 else rep for c, rep in before.items()}
    whole = territory_map.territories(units, [before, after], ["A", "B"])
    for chart in [*territory_map.moving(units, before, after, apart=False), *whole]:
        assert len(chart.svg) < 40_000
