"""Objects in stores, through obstore: s3://, gs://, az://, https:// for reading, and file://.

Credentials and endpoints come from where each store's users keep them: the variables ``AWS_*``,
``GOOGLE_*`` and ``AZURE_*``, a machine's or a pod's role, and with boto3 installed the profiles in
``~/.aws``. Requests that a store answers with 429 or 5xx, or that break off, are repeated after
pauses that grow.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from photochrom.errors import JobError, MissingExtraError, PictureReadError, StoreError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

SCHEMES = ("s3", "s3a", "gs", "az", "abfs", "abfss", "http", "https", "file")
LIST_CHUNK = 1000
"""Keys that are taken in at once; as many as stores give in one answer."""

_WEB = ("http", "https")
_TIMEOUT = timedelta(minutes=5)
"""For one request, its body included."""

_RETRIES: RetryConfig = {
    "max_retries": 10,
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=20),
        "base": 2,
    },
    "retry_timeout": timedelta(minutes=3),
}


class ObjectStamp(NamedTuple):
    """What changes when an object does."""

    size_bytes: int
    e_tag: str
    """Without quotation marks, which Azure leaves out of lists."""

    @classmethod
    def of(cls, size_bytes: int, e_tag: str | None) -> ObjectStamp:
        """As a store says it."""
        return cls(size_bytes, bare(e_tag or ""))


def bare(e_tag: str) -> str:
    """An e_tag without its quotation marks."""
    return e_tag.removeprefix('"').removesuffix('"')


class Address(NamedTuple):
    """A place in a store: an object, or all objects below it."""

    root: str
    """The store, such as ``s3://bucket``."""
    key: str
    """The object's key, or the beginning of keys without their slash."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a URL; a plain path is one on this machine.

        Raises
        ------
        JobError
            It is no URL of a kind that is known, or it has parts that no key can have.
        """
        if not is_url(text):
            return cls("file://", Path(text).absolute().as_posix().strip("/"))
        parts = urlsplit(text)
        if parts.scheme not in SCHEMES:
            raise JobError(f"{text}: '{parts.scheme}' is not a store; known: {', '.join(SCHEMES)}.")
        if parts.scheme == "file":
            return cls("file://", unquote(parts.path).strip("/"))
        if not parts.netloc:
            raise JobError(f"{text}: a bucket is missing; expected {parts.scheme}://BUCKET/KEY.")
        root = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme in _WEB:
            if parts.query:
                raise JobError(
                    f"{text}: addresses with a query aren't supported. Use the store's own "
                    "address, such as s3://BUCKET/KEY."
                )
            return cls(root, unquote(parts.path).strip("/"))
        return cls(root, text[len(root) :].strip("/"))  # "?" and "#" are letters of a key

    def __str__(self) -> str:
        return f"{self.root}/{self.key}" if self.key else self.root

    @property
    def is_web(self) -> bool:
        """Whether it can be read only, and not be listed."""
        return urlsplit(self.root).scheme in _WEB

    def below(self, name: str) -> Address:
        """The address of something inside."""
        return Address(self.root, f"{self.key}/{name}" if self.key else name)


def is_url(text: str) -> bool:
    """Whether an input or an output is the address of a store, and no path."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme.isalnum() and len(scheme) > 1


def listed(place: Address) -> Iterator[tuple[str, ObjectStamp]]:
    """All objects below a place, in chunks as they arrive; nothing is kept.

    Yields
    ------
    (what comes after the place's key and a slash, stamp)

    Raises
    ------
    StoreError
        The store can't be reached, or refuses.
    """
    start = len(place.key) + 1 if place.key else 0
    with _said(place):
        import obstore

        for chunk in obstore.list(_store(place.root), place.key or None, chunk_size=LIST_CHUNK):
            for one in chunk:
                yield one["path"][start:], ObjectStamp.of(one["size"], one["e_tag"])


def get(place: Address) -> tuple[bytes, ObjectStamp]:
    """An object, and its stamp.

    Raises
    ------
    PictureReadError
        There is no such object.
    StoreError
        The store can't be reached, or refuses.
    """
    with _said(place):
        import obstore

        try:
            found = obstore.get(_store(place.root), place.key)
        except FileNotFoundError as error:
            raise PictureReadError(f"{place}: the object does not exist.") from error
        data = bytes(found.bytes())
        if len(data) != found.meta["size"]:
            raise StoreError(f"{place}: {len(data)} of {found.meta['size']} bytes arrived.")
        return data, ObjectStamp.of(found.meta["size"], found.meta["e_tag"])


def look(place: Address) -> tuple[ObjectStamp, Mapping[str, str]] | None:
    """An object's stamp and what was noted with it; None where there is no such object.

    Raises
    ------
    StoreError
        The store can't be reached, or refuses.
    """
    with _said(place):
        import obstore

        try:
            found = obstore.get(_store(place.root), place.key, options={"head": True})
        except FileNotFoundError:
            return None
        stamp = ObjectStamp.of(found.meta["size"], found.meta["e_tag"])
        return stamp, {str(key): str(value) for key, value in found.attributes.items()}


def put(
    place: Address, data: bytes, *, notes: Mapping[str, str], replace: bool = False
) -> ObjectStamp | None:
    """Write an object with one request; it is there as a whole, or not at all.

    Parameters
    ----------
    place : where
    data : its content
    notes : what to note with it; ``Content-Type`` is understood by browsers. Files have none.
    replace : replace an object that is there

    Returns
    -------
    Its stamp; None where there is one already, and `replace` is not set

    Raises
    ------
    StoreError
        The store can't be reached, or refuses.
    """
    with _said(place):
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            written = obstore.put(
                _store(place.root),
                place.key,
                data,
                mode="overwrite" if replace else "create",
                attributes=None if place.root == "file://" else dict(notes),
                use_multipart=False,  # which could not be refused
            )
        except AlreadyExistsError:
            return None
    return ObjectStamp.of(len(data), written["e_tag"])


def fingerprint(name: str, stamp: ObjectStamp) -> str:
    """What one version of one object has to itself: 32 hexadecimal digits."""
    text = f"{name}\n{stamp.size_bytes}\n{stamp.e_tag}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def _store(root: str) -> ObjectStore:
    """A store, opened once in each process."""
    import obstore.store as stores

    scheme = urlsplit(root).scheme
    if scheme == "file":
        return stores.LocalStore("/")
    options: ClientConfig = {"timeout": _TIMEOUT}
    if scheme in _WEB:
        options["allow_http"] = scheme == "http"
        return stores.HTTPStore.from_url(root, client_options=options, retry_config=_RETRIES)
    endpoints = (os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    if any(endpoint.startswith("http://") for endpoint in endpoints):
        options["allow_http"] = True
    provider = _profile() if scheme in ("s3", "s3a") else None
    return stores.from_url(
        root, client_options=options, retry_config=_RETRIES, credential_provider=provider
    )


def _profile() -> Any:
    """boto3's credentials, where they lie in ``~/.aws`` and nothing nearer says who we are."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE", "AWS_WEB_IDENTITY_TOKEN_FILE")
    if "AWS_PROFILE" not in os.environ and any(os.environ.get(name) for name in names):
        return None
    kept = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    if "AWS_PROFILE" not in os.environ and not kept.exists():
        return None
    if find_spec("boto3") is None:
        if "AWS_PROFILE" in os.environ:
            raise MissingExtraError("AWS_PROFILE needs boto3: pip install boto3")
        return None
    from obstore.auth.boto3 import Boto3CredentialProvider

    return Boto3CredentialProvider()


@contextmanager
def _said(place: Address) -> Iterator[None]:
    """Turn obstore's errors into ours."""
    try:
        from obstore.exceptions import BaseError
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Object stores need the cloud extra: pip install 'photochrom[cloud]'"
        ) from error
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{place}: the bucket or folder does not exist.") from error
    except (BaseError, NotImplementedError, OSError, ValueError) as error:
        words = _reason(str(error))
        raise StoreError(f"{place}: the store says: {words}") from error


def _reason(text: str) -> str:
    """In one line, what a store has said: its own words, or else obstore's first line."""
    said = re.search(r"<Code>([^<]*)</Code>(?:\s*<Message>([^<]*)</Message>)?", text)
    status = re.search(r"status code: (\d{3} [A-Za-z ]+)", text)
    if said or status:
        parts = (status[1].strip() if status else "", *(said.groups() if said else ()))
        lines = [part.partition("\n")[0].strip().rstrip(".") for part in parts if part]
        return ", ".join(filter(None, lines)) + "."
    return text.partition("\n")[0].strip()
