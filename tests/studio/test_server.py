"""`photochrom.studio.server`: the page, the description, metrics, and what is not there."""

import json
import re
import socket
from pathlib import Path

import pytest

import photochrom
from photochrom.studio import orders, server
from served import PROBLEM, SAMPLES, is_problem, metric, opened, photograph

# The page and what is about the server


def test_the_page_and_its_files_come_with_a_strict_policy(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    for part in ("img-src 'self' blob: data:", "form-action 'none'", "frame-ancestors 'none'"):
        assert part in policy.split("; ")
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.head("/").status_code == 200
    web = Path(server.__file__).parent / "web"
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in web.rglob("*.*"):
        file = client.get(f"/static/{path.relative_to(web).as_posix()}")
        assert file.content == path.read_bytes()
        assert file.headers["content-type"].startswith(kinds.get(path.suffix, ""))
        assert file.headers["content-security-policy"] == policy
        assert file.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/static/nothing.js", "/docs", "/redoc", "/v1", "/v1/samples/nothing"]
    + [f"/static/{up}server.py" for up in ("../", "%2e%2e/", "..%2f", "%2e%2e%2f", "..%5c")]
    + ["/v1/samples/..%2f..%2f__init__", "/v1/samples/originals%2fflower"],
)
def test_what_is_not_there_is_a_problem(client, path):
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        raw.sendall(head.encode())  # as it stands: clients tidy up dots
        answer = raw.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 404 ")
    assert f"content-type: {PROBLEM}" in answer
    assert '"status": 404' in answer


def test_a_person_at_a_wrong_address_gets_a_page(client):
    answer = client.get("/studio", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    files = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
    assert "/" in files
    assert [client.get(file).status_code for file in files] == [200] * len(files)


def test_a_wrong_method_is_a_problem(client):
    body = is_problem(client.get("/v1/colorize"), 405)
    assert body["title"] == "Method Not Allowed"
    assert client.get("/v1/colorize").headers["allow"] == "POST"


def test_health_models_and_samples(client, colorizer):
    assert client.get("/healthz").json() == {"status": "ok", "version": photochrom.__version__}
    models = client.get("/v1/models").json()
    assert models["current"] == colorizer.contract.name
    (current,) = [one for one in models["models"] if one["name"] == models["current"]]
    assert current["default"] is True
    assert (current["cannot"], current["fault"]) == ({}, "")
    assert current["size_bytes"] > 100_000
    assert {"gif", "jpeg"} <= {one["name"] for one in models["reads"]}
    writes = {one["name"]: (one["title"], one["media_type"]) for one in models["writes"]}
    assert set(writes) == {"jpeg", "png", "tiff", "webp", "avif"}
    assert writes["jpeg"] == ("JPEG", "image/jpeg")
    samples = client.get("/v1/samples").json()["samples"]
    assert {one["name"] for one in samples} == {path.stem for path in SAMPLES.glob("*.jpg")}
    for one in samples:
        assert one["title"]
        answer = client.get(one["url"])
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == (SAMPLES / f"{one['name']}.jpg").read_bytes()


def test_the_description_has_every_route_and_examples(client):
    description = client.get("/openapi.json").json()
    assert len(description["paths"]) == 28
    schemas = description["components"]["schemas"]
    shown = [name for name in schemas if name.endswith("Order") and "examples" in schemas[name]]
    assert len(shown) >= 3
    for name, one in description["paths"].items():
        for operation in one.values():
            assert operation["description"], name
            problems = {"401", "421"} <= set(operation["responses"])
            assert problems or name == "/healthz"
    named = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description))
    assert set(named) <= set(description["components"]["schemas"])
    form = description["paths"]["/v1/colorize"]["post"]["requestBody"]["content"]
    fields = form["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == {"file", *orders.ColorizeOrder.model_fields}
    vividness = schemas["PreviewOrder"]["properties"]["vividness"]
    assert vividness["maximum"] == 2
    assert "vivid" in vividness["description"]


def test_metrics_count_requests_by_route(client):
    before = metric(client, 'requests_total{method="GET",route="/v1/samples",status="200"}')
    client.get("/v1/samples")
    client.get("/v1/pictures/secret/original")
    text = client.get("/metrics").text
    name = 'requests_total{method="GET",route="/v1/samples",status="200"}'
    assert metric(client, name) == before + 1
    assert 'route="/v1/pictures/{id}/original",status="404"' in text
    assert "secret" not in text
    assert "photochrom_request_seconds_bucket" in text
    assert metric(client, "queue_depth") == 0
    held = opened(client)
    assert metric(client, "pictures") >= 1
    assert metric(client, "picture_bytes") > 10_000
    client.delete(f"/v1/pictures/{held['id']}")


def test_the_page_comes_compressed_and_pictures_as_they_are(client):
    id_ = opened(client, photograph(90, 120))["id"]
    asked = {"Accept-Encoding": "gzip"}
    for path in ("/", "/static/main.js", "/static/studio.css", f"/v1/pictures/{id_}/traits"):
        assert client.get(path, headers=asked).headers["Content-Encoding"] == "gzip", path
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.content == client.get(path, headers=asked).content
    original = client.get(f"/v1/pictures/{id_}/original", headers=asked)
    assert "Content-Encoding" not in original.headers
