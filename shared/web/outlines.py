"""Outlines of territories made light enough for a page: projected, then simplified so that neighbours still touch."""

import functools
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from shared.reference import DATA, region

Point = tuple[float, float]
Arc = tuple[Point, ...]
REGION_FILES = {"75": "nouvelle_aquitaine_departements.geojson"}
WIDTH = 480


@functools.cache
def departments_of(region_code: str) -> tuple[dict[str, str], dict[str, Point], tuple[float, float, float, float]]:
    """Give the path of each department, the point where its figure reads, and the frame of the map (lon, lat)."""
    codes = set(found.departments) if (found := region(region_code)) else set()
    features = json.loads((DATA / REGION_FILES.get(region_code, "departements.geojson")).read_text())["features"]
    rings = {f["properties"]["code"]: list(_rings(f["geometry"])) for f in features}
    rings = {code: shapes for code, shapes in rings.items() if code in codes}
    frame = _frame([point for shapes in rings.values() for ring in shapes for point in ring])
    placed = {
        code: [[project(point, frame) for point in ring] for ring in shapes] for code, shapes in sorted(rings.items())
    }
    simple = _simplified(placed, 2)
    centres = {code: _centre(max(shapes, key=lambda ring: abs(_area(ring)))) for code, shapes in simple.items()}
    return {code: _path(shapes) for code, shapes in simple.items()}, centres, frame


def _rings(geometry: dict[str, Any]) -> Iterable[list[Point]]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return ([(x, y) for x, y, *_rest in ring] for polygon in polygons for ring in polygon)


def _frame(points: Sequence[Point]) -> tuple[float, float, float, float]:
    longitudes, latitudes = [p[0] for p in points], [p[1] for p in points]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def project(point: Point, frame: tuple[float, float, float, float]) -> Point:
    """Place a longitude and latitude on the map of that frame, 480 units wide."""
    west, south, east, north = frame
    shrink = math.cos(math.radians((south + north) / 2))
    unit = (WIDTH - 6) / ((east - west) * shrink)
    return 3 + (point[0] - west) * shrink * unit, 3 + (north - point[1]) * unit


def height_of(frame: tuple[float, float, float, float]) -> int:
    """Give the height of the map of that frame."""
    return round(project((frame[0], frame[1]), frame)[1] + 3)


def _simplified(shapes: dict[str, list[list[Point]]], tolerance: float) -> dict[str, list[list[Point]]]:
    """Cut rings where borders meet, simplify each piece once whatever its direction, and join them again."""
    neighbours: defaultdict[Point, set[Point]] = defaultdict(set)
    for ring in (ring for rings in shapes.values() for ring in rings):
        for here, there in itertools.pairwise(ring):
            neighbours[here].add(there)
            neighbours[there].add(here)
    meets = {point for point, around in neighbours.items() if len(around) > 2}
    cut = functools.partial(_cut, meets=meets)
    thin = functools.cache(functools.partial(_thin, tolerance=tolerance))
    joined = {
        code: [[point for arc in cut(ring) for point in _either_way(arc, thin)[:-1]] for ring in rings]
        for code, rings in shapes.items()
    }
    return {code: [ring for ring in rings if len(ring) > 3] for code, rings in joined.items()}


def _cut(ring: list[Point], meets: set[Point]) -> list[Arc]:
    points = ring[:-1]
    start = next((i for i, point in enumerate(points) if point in meets), points.index(min(points)))
    turned = [*points[start:], *points[:start], points[start]]
    stops = [0, *(i for i, p in enumerate(turned[1:-1], 1) if p in meets), len(turned) - 1]
    if len(stops) == 2:
        stops.insert(1, max(range(len(turned)), key=lambda i: math.dist(turned[0], turned[i])))
    return [tuple(turned[a : b + 1]) for a, b in itertools.pairwise(stops)]


def _either_way(arc: Arc, thin: Callable[[Arc], Arc]) -> Arc:
    return thin(arc) if arc[0] <= arc[-1] else thin(arc[::-1])[::-1]


def _thin(points: Arc, tolerance: float) -> Arc:
    """Drop the points that stray less than the tolerance (Douglas and Peucker)."""
    if len(points) < 3:
        return points
    (ax, ay), (bx, by) = points[0], points[-1]
    length = math.dist(points[0], points[-1]) or 1e-9
    away = [abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length for x, y in points[1:-1]]
    worst = max(range(len(away)), key=away.__getitem__)
    if away[worst] <= tolerance:
        return points[0], points[-1]
    middle = worst + 1
    return _thin(points[: middle + 1], tolerance)[:-1] + _thin(points[middle:], tolerance)


def _area(ring: Sequence[Point]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def _centre(ring: Sequence[Point]) -> Point:
    area = _area(ring) * 6
    pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    x = sum((x1 + x2) * (x1 * y2 - x2 * y1) for (x1, y1), (x2, y2) in pairs) / area
    y = sum((y1 + y2) * (x1 * y2 - x2 * y1) for (x1, y1), (x2, y2) in pairs) / area
    return round(x), round(y)


def _path(rings: Sequence[Sequence[Point]]) -> str:
    return "".join(relative(ring) + "z" for ring in rings)


def relative(line: Sequence[Point]) -> str:
    """Write a line as a path of whole steps, which is the shortest."""
    points = [(round(x), round(y)) for x, y in line]
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in itertools.pairwise(points) if (ax, ay) != (bx, by)]
    return f"M{points[0][0]} {points[0][1]}l" + "".join(
        f"{'' if x < 0 else ' '}{x}{'' if y < 0 else ' '}{y}" for x, y in steps
    )


@functools.cache
def world() -> dict[str, str]:
    """Give the path of each country (by ISO 3166 alpha-3 code) on the world map, Antarctica left out."""
    topology = json.loads((DATA / "monde_110m.topojson").read_text())
    arcs = [_thin_loop(_degrees(arc, topology["transform"]), 0.3) for arc in topology["arcs"]]
    paths: defaultdict[str, str] = defaultdict(str)
    for country in topology["objects"]["countries"]["geometries"]:
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        for ring in (_joined(ring, arcs) for polygon in polygons for ring in polygon):
            if len(ring) > 2:
                paths[country["properties"]["a3"]] += relative([equal_earth(point) for point in ring]) + "z"
    paths.pop("ATA", None)
    return dict(paths)


def _degrees(arc: Sequence[Sequence[int]], transform: dict[str, list[float]]) -> Arc:
    """Read an arc of whole steps as longitudes and latitudes, going on past 180° instead of jumping."""
    (sx, sy), (tx, ty) = transform["scale"], transform["translate"]
    xs, ys = itertools.accumulate(step[0] for step in arc), itertools.accumulate(step[1] for step in arc)
    line: list[Point] = []
    for x, y in zip(xs, ys, strict=True):
        longitude = x * sx + tx
        line.append((_near(longitude, line[-1][0]) if line else longitude, y * sy + ty))
    return tuple(line)


def _near(longitude: float, other: float) -> float:
    return longitude + 360 * round((other - longitude) / 360)


def _thin_loop(line: Arc, tolerance: float) -> Arc:
    if math.dist(line[0], line[-1]) > 0.01 or len(line) < 4:
        return _thin(line, tolerance)
    middle = len(line) // 2
    return _thin(line[: middle + 1], tolerance)[:-1] + _thin(line[middle:], tolerance)


def _joined(numbers: Sequence[int], arcs: Sequence[Arc]) -> list[Point]:
    ring: list[Point] = []
    for arc in (arcs[i] if i >= 0 else arcs[~i][::-1] for i in numbers):
        shift = _near(arc[0][0], ring[-1][0]) - arc[0][0] if ring else 0.0
        ring += [(x + shift, y) for x, y in (arc[1:] if ring else arc)]
    turn = 360 * round(sum(x for x, _y in ring) / len(ring) / 360)
    return [(x - turn, y) for x, y in ring]


def equal_earth(point: Point) -> Point:
    """Place a longitude and latitude on the world map, 960 units wide, in the Equal Earth projection."""
    longitude, latitude = math.radians(point[0]), math.radians(point[1])
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    theta = math.asin(math.sqrt(3) / 2 * math.sin(latitude))
    slope = a1 + 3 * a2 * theta**2 + theta**6 * (7 * a3 + 9 * a4 * theta**2)
    x = 2 * math.sqrt(3) * longitude * math.cos(theta) / (3 * slope)
    y = theta * (a1 + a2 * theta**2 + theta**6 * (a3 + a4 * theta**2))
    return 480 + x * 177, 235 - y * 177
