"""`photochrom.pictures.stores`: objects of a real S3 server, and of one that misbehaves."""

import itertools
import time

import pytest

from photochrom.errors import JobError, PictureReadError, StoreError
from photochrom.pictures import stores
from photochrom.pictures.stores import Address, ObjectStamp

pytest.importorskip("obstore")


@pytest.mark.parametrize(
    ("text", "root", "key"),
    [
        ("s3://b/in/a.jpg", "s3://b", "in/a.jpg"),
        ("s3://b/in/", "s3://b", "in"),
        ("gs://b", "gs://b", ""),
        ("az://c/in/a.jpg", "az://c", "in/a.jpg"),
        ("abfss://c/in", "abfss://c", "in"),
        ("s3://b/a b#1?.jpg", "s3://b", "a b#1?.jpg"),
        ("https://h:8/a%20b/c.jpg", "https://h:8", "a b/c.jpg"),
        ("file:///tmp/a%20b", "file://", "tmp/a b"),
        ("/tmp/a%20b", "file://", "tmp/a%20b"),
    ],
)
def test_addresses_are_read_as_their_users_write_them(text, root, key):
    assert Address.parse(text) == Address(root, key)


@pytest.mark.parametrize("text", ["ftp://b/c", "s3:///key", "https://h/a.jpg?sig=1"])
def test_what_no_store_has_is_refused(text):
    with pytest.raises(JobError, match=text.split(":")[0]):
        Address.parse(text)


def test_an_object_comes_back_with_its_stamp_and_notes(s3):
    place = Address.parse(f"{s3}/a b/ü.txt")
    stamp = stores.put(place, b"words", notes={"Content-Type": "text/plain", "who": "me"})
    assert stamp.size_bytes == 5
    assert stamp.e_tag
    assert stores.get(place) == (b"words", stamp)
    seen, notes = stores.look(place)
    assert seen == stamp
    assert notes == {"Content-Type": "text/plain", "who": "me"}
    assert list(stores.listed(Address.parse(s3))) == [("a b/ü.txt", stamp)]


def test_a_second_writer_is_refused_unless_it_replaces(s3, tmp_path):
    for place in (Address.parse(f"{s3}/one"), Address.parse(str(tmp_path / "one"))):
        assert stores.put(place, b"first", notes={}) is not None
        assert stores.put(place, b"second", notes={}) is None
        assert stores.get(place)[0] == b"first"
        stores.put(place, b"third", notes={}, replace=True)
        assert stores.get(place)[0] == b"third"


def test_what_is_not_there_is_said(s3):
    assert stores.look(Address.parse(f"{s3}/none")) is None
    with pytest.raises(PictureReadError, match="the object does not exist"):
        stores.get(Address.parse(f"{s3}/none"))
    with pytest.raises(StoreError, match="404 Not Found, NoSuchBucket"):
        list(stores.listed(Address.parse("s3://no-such-bucket/in")))


def test_a_busy_store_is_asked_again_after_growing_pauses(formula):
    times = []

    def get(handler, key):
        times.append(time.monotonic())
        if len(times) < 4:
            return server.send(handler, 503, b"<Error><Code>SlowDown</Code></Error>")
        return server.send(handler, 200, b"at last", ETag='"a"')

    server = formula(get=get)
    assert stores.get(Address.parse("s3://bucket/a")) == (b"at last", ObjectStamp(7, "a"))
    assert len(times) == 4
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert sum(pauses) > 0.3  # three tries in vain, with 0.2 seconds before the first pause grows


def test_a_slow_object_arrives_whole(formula):
    def get(handler, key):
        handler.send_response(200)
        handler.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        handler.send_header("Content-Length", "4000")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b"x" * 100)
            time.sleep(0.02)

    server = formula(get=get)
    assert server.requests == []
    assert stores.get(Address.parse("s3://bucket/a"))[0] == b"x" * 4000
    assert server.requests == ["GET a"]


def test_a_list_without_quotation_marks_around_tags_is_told_as_a_get_is(formula):
    """As Azure's are."""
    server = formula(
        prefixes={"in": 1}, get=lambda handler, key: server.send(handler, 200, b"a", ETag="3e8")
    )
    ((_, listed),) = stores.listed(Address.parse("s3://bucket/in"))
    assert listed == ObjectStamp(1000, "3e8")
    assert stores.get(Address.parse("s3://bucket/in/0000000.jpg"))[1].e_tag == listed.e_tag


@pytest.mark.parametrize(
    ("root", "kind", "told"),
    [
        ("gs://b", "GCSStore", {"GOOGLE_SKIP_SIGNATURE": "true"}),
        ("az://c", "AzureStore", {"AZURE_STORAGE_ACCOUNT_NAME": "a"}),
        ("abfs://c", "AzureStore", {"AZURE_STORAGE_ACCOUNT_NAME": "a"}),
        ("https://h", "HTTPStore", {}),
    ],
)
def test_each_kind_of_store_opens(root, kind, told, monkeypatch):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    stores._store.cache_clear()
    try:
        assert type(stores._store(root)).__name__ == kind
    finally:
        stores._store.cache_clear()


def test_an_object_that_breaks_off_is_fetched_whole_or_not_at_all(formula):
    begun = []

    def get(handler, key):
        begun.append(handler.headers.get("Range"))
        whole = b"0123456789" * 1000
        return server.send(handler, 200, whole, sent=5000 if len(begun) < 3 else None, ETag='"a"')

    server = formula(get=get)
    try:
        data, _ = stores.get(Address.parse("s3://bucket/a"))
    except StoreError:
        return
    assert data == b"0123456789" * 1000


def test_a_store_that_refuses_says_why_in_one_line(formula):
    words = b"<Error><Code>AccessDenied</Code><Message>Not for you.\nRequestId:1</Message></Error>"

    def get(handler, key):
        return server.send(handler, 403, words)

    server = formula(get=get)
    with pytest.raises(StoreError, match=r"403 Forbidden, AccessDenied, Not for you\.$") as refused:
        stores.get(Address.parse("s3://bucket/a"))
    assert "\n" not in str(refused.value)
