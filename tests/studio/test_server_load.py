"""Many at once, for long, and with whatever a generator of requests can think of."""

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks

from photochrom.pictures import picture
from photochrom.studio.access import Access
from photochrom.studio.held import hold
from photochrom.studio.limits import Limits
from photochrom.studio.server import create_app

CLIENTS = 32


def photograph(number=0, height=48, width=64):
    y, x = np.mgrid[:height, :width]
    levels = ((3 * x + 2 * y + number) % 256).astype(np.uint8)
    return picture.from_array(levels).encode("jpeg")


def resident_bytes():
    """The memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def visit(client, number):
    """One visit of somebody; the statuses that it met."""
    data = photograph(number % 200)
    if number % 4 == 0:
        return [client.post("/v1/colorize", content=data).status_code]
    if number % 16 == 1:
        return [client.post("/v1/pictures", content=data[:-30] + b"x").status_code]
    made = client.post("/v1/pictures", content=data)
    if made.status_code != 201:
        return [made.status_code]
    url = f"/v1/pictures/{made.json()['id']}"
    size = "full" if number % 3 else "preview"
    return [201, client.post(f"{url}/paint", json={"size": size}).status_code]


def crowd(client, visits):
    """The statuses of so many visits, `CLIENTS` at a time."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return [s for found in pool.map(lambda n: visit(client, n), visits) for s in found]


def test_many_at_once_are_all_served(start):
    client = start(limits=Limits(waiting=CLIENTS, pictures=1000))
    statuses = crowd(client, range(48))
    assert set(statuses) <= {200, 201, 422}
    assert statuses.count(422) == 3
    by_one = client.post("/v1/colorize", content=photograph(0)).content
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = pool.map(
            lambda _: client.post("/v1/colorize", content=photograph(0)).content, range(16)
        )
    assert set(answers) == {by_one}


def test_more_than_can_wait_are_told_to_come_back(start):
    client = start(limits=Limits(waiting=2), workers=1)
    statuses = crowd(client, range(4, 68, 2))
    assert set(statuses) <= {200, 201, 503}
    assert {200, 503} <= set(statuses)
    assert client.post("/v1/colorize", content=photograph()).status_code == 200


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_stays_flat_over_two_thousand_requests(start):
    client = start(limits=Limits(pictures=8))
    url = ""

    def ask(number):
        nonlocal url
        if number % 10 == 0:
            made = client.post("/v1/pictures", content=photograph(number % 200))
            url = f"/v1/pictures/{made.json()['id']}" if made.status_code == 201 else url
            return made.status_code
        if number % 10 == 1:
            return client.post("/v1/colorize", content=photograph(number % 200)).status_code
        if number % 10 == 2:
            broken = photograph(height=300, width=300)[:-3000]
            return client.post("/v1/colorize", content=broken).status_code
        if number % 10 < 5:
            order = {"size": "full" if number % 2 else "preview"}
            return client.post(f"{url}/paint", json=order).status_code
        paths = (f"{url}/original", f"{url}/palette", "/v1/models", "/metrics", "/healthz")
        return client.get(paths[number % 5]).status_code

    assert ask(0) == 201
    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = list(pool.map(ask, range(600)))
        before = resident_bytes()
        statuses += pool.map(ask, range(600, 2600))
    assert set(statuses) <= {200, 201, 404, 422, 503}  # 404: evicted meanwhile
    assert statuses.count(200) > 1000
    assert resident_bytes() - before < 15_000_000


# Requests made from the description

ROUTES = [
    (path, method)
    for path, methods in create_app(None).openapi()["paths"].items()
    for method in methods
]
LEFT_OUT = {
    "positive_data_acceptance",  # bytes that are no picture are refused, whatever their type
    "unsupported_method",
    "missing_required_header",
}
KINDS = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
NAME = "testserver"
"""What schemathesis calls the server."""

OPEN = "an-open-picture"


@pytest.fixture(scope="module")
def described(colorizer):
    """The API in this process, as its description says it is."""
    app = create_app(colorizer, access=Access(hosts=frozenset({NAME})), workers=1)
    described = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": NAME})
    held = hold(photograph(), name="x.jpg", colorizer=colorizer, max_pixels=10_000)
    held.id = OPEN
    described.keep_open = lambda: app.state.studio.shelf.put(held)
    return described


@pytest.fixture(scope="module")
def checks():
    """What must hold of every answer."""
    load_all_checks()
    named = zip(CHECKS.get_all_names(), CHECKS.get_all(), strict=True)
    return [check for name, check in named if name not in LEFT_OUT]


@pytest.mark.parametrize("kind", KINDS, ids=["right", "wrong"])
@pytest.mark.parametrize(("path", "method"), ROUTES, ids=[" ".join(one) for one in ROUTES])
def test_whatever_is_sent_is_answered_as_described(described, checks, path, method, kind):
    real = {"id": OPEN} if path.startswith("/v1/pictures/{id}/") else {}
    requests = described[path][method].as_strategy(generation_mode=kind, path_parameters=real)

    statuses = set()

    @settings(max_examples=4, database=None, suppress_health_check=list(HealthCheck))
    @given(requests)
    def ask(case):
        described.keep_open()  # the end of a lifespan forgets it
        answer = case.call()
        statuses.add(answer.status_code)
        if answer.status_code != 413:  # more than a body may hold, whatever is in it
            case.validate_response(answer, checks=checks)

    try:
        ask()
    except Unsatisfiable:
        assert kind is KINDS[1]  # there is nothing that could be wrong
    nothing_there = path == "/v1/samples/{name}" or path.startswith("/v1/films/")  # none is open
    if kind is KINDS[0] and method == "get" and not nothing_there:
        assert 200 in statuses or path.endswith("/colors")
