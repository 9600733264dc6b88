"""XMP packets: take properties out and put others in; everything else stays as it is.

Sources: ISO 16684-1 (XMP part 1); IPTC Photo Metadata Standard for DigitalSourceType.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape, quoteattr

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "http://www.w3.org/2000/xmlns/"

MAX_BYTES, MAX_PARTS = 1 << 22, 20_000
"""Packets with more bytes, or with more tags and attributes, are passed on as they are: a tree
takes 2 to 5 microseconds and a kilobyte for each part."""

_MAX_DEPTH = 100

EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{RDF}"/>'
    '</x:xmpmeta><?xpacket end="w"?>'
).encode()


ANY = "*"
"""The name that stands for all of a namespace."""

_PLACE = b"\0"
"""What no XML has."""


class Property(NamedTuple):
    """A property's namespace, that namespace's usual prefix, and the property's name."""

    namespace: str
    prefix: str
    name: str


class Packet:
    """A packet's tree: it is parsed once, asked, and shortened."""

    def __init__(self, packet: bytes) -> None:
        self._packet, self._document = packet, _parse(packet or EMPTY)
        self._is_changed = False

    def values(self, *wanted: Property) -> tuple[str, ...]:
        """The texts of simple properties; empty where there is no such one."""
        found = dict.fromkeys([(one.namespace, one.name) for one in wanted], "")
        for description in self._descriptions():
            for node in (*description.attributes.values(), *_elements(description)):
                name = (node.namespaceURI or "", node.localName or "")
                if found.get(name) == "":
                    texts = (part for part in node.childNodes if part.nodeType == Node.TEXT_NODE)
                    found[name] = "".join(part.data for part in texts).strip()
        return tuple(found.values())

    def drop(self, properties: Collection[Property]) -> None:
        """Take properties out, wherever they are described."""
        unwanted = {(one.namespace, one.name) for one in properties}
        for description in self._descriptions():
            taken = _take_out(description, unwanted)
            self._is_changed |= taken
            parent = description.parentNode
            if taken and parent is not None and _says_nothing(description):
                parent.removeChild(description)

    def to_bytes(self) -> bytes:
        """The packet, UTF-8; the very bytes that were given where nothing was dropped."""
        if self._document is None or not self._is_changed:
            return self._packet
        return _serialized(self._document)

    def frame(self) -> bytes:
        """The packet with a place for more, for `put_in`; nothing of a broken one."""
        if self._document is None:
            return b""
        place = _place(self._document, self._descriptions())
        framed = _serialized(self._document)
        assert place.parentNode is not None
        place.parentNode.removeChild(place)
        return framed

    def _descriptions(self) -> list[minidom.Element]:
        return _descriptions(self._document) if self._document else []


def put_in(frame: bytes, properties: Mapping[Property, str]) -> bytes:
    """A packet with simple properties, of the frame of one that lacks them.

    Parameters
    ----------
    frame : by `Packet.frame`
    properties : and their texts
    """
    begin, end = frame.split(_PLACE)
    spaces = {one.prefix: one.namespace for one in properties}
    added = "".join(f" xmlns:{prefix}={quoteattr(space)}" for prefix, space in spaces.items())
    added += ">"
    for one, text in properties.items():
        name = f"{one.prefix}:{one.name}"
        added += f"<{name}>{escape(text)}</{name}>"
    return begin.removesuffix(b">") + added.encode("utf-8", "replace") + end


def _parse(packet: bytes) -> minidom.Document | None:
    """The packet as a tree; None where it can't be one."""
    packet = packet.strip(b"\0 \t\r\n")
    if len(packet) > MAX_BYTES or packet.count(b"<") + packet.count(b"=") > MAX_PARTS:
        return None
    if b"<!" in packet.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        return None  # a document type, which could define entities, has no place in XMP
    try:
        document = minidom.parseString(packet)
    except (ExpatError, ValueError, LookupError):
        return None
    if _is_deep(document):
        return None
    return document if document.getElementsByTagNameNS("*", "*") else None


def _is_deep(document: minidom.Document) -> bool:
    """Whether it is too deep for minidom, which goes through it by recursion."""
    level: list[Any] = [document]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in node.childNodes]
        if not level:
            return False
    return True


def _descriptions(document: minidom.Document) -> list[minidom.Element]:
    return [
        child
        for rdf in document.getElementsByTagNameNS(RDF, "RDF")
        for child in rdf.childNodes
        if isinstance(child, minidom.Element)
        and (child.namespaceURI, child.localName) == (RDF, "Description")
    ]


def _elements(description: minidom.Element) -> list[minidom.Element]:
    return [child for child in description.childNodes if isinstance(child, minidom.Element)]


def _take_out(description: minidom.Element, unwanted: Collection[tuple[str, str]]) -> bool:
    """Remove properties, be they written as attributes or as elements."""

    def is_unwanted(node: minidom.Attr | minidom.Element) -> bool:
        space = node.namespaceURI or ""
        return (space, node.localName) in unwanted or (space, ANY) in unwanted

    attributes = [one for one in description.attributes.values() if is_unwanted(one)]
    for attribute in attributes:
        description.removeAttributeNode(attribute)
    elements = [child for child in _elements(description) if is_unwanted(child)]
    for element in elements:
        description.removeChild(element)
    return bool(attributes or elements)


def _says_nothing(description: minidom.Element) -> bool:
    names = {(a.namespaceURI, a.localName) for a in description.attributes.values()}
    said = {name for name in names if name[0] != XMLNS} - {(RDF, "about")}
    return not said and not any(isinstance(c, minidom.Element) for c in description.childNodes)


def _place(document: minidom.Document, described: list[minidom.Element]) -> minidom.Element:
    """Add one more description, which holds nothing but the mark of a place."""
    trees = document.getElementsByTagNameNS(RDF, "RDF")
    if trees:
        tree = trees[0]
    else:
        tree = document.createElementNS(RDF, "rdf:RDF")
        tree.setAttributeNS(XMLNS, "xmlns:rdf", RDF)
        assert document.documentElement is not None
        document.documentElement.appendChild(tree)
    # All descriptions of a packet are about the same thing.
    about = next((one.getAttributeNS(RDF, "about") for one in described), "")
    added = document.createElementNS(RDF, "rdf:Description")
    added.setAttributeNS(XMLNS, "xmlns:rdf", RDF)
    added.setAttributeNS(RDF, "rdf:about", about)
    added.appendChild(document.createTextNode(_PLACE.decode()))
    tree.appendChild(added)
    return added


def _serialized(document: minidom.Document) -> bytes:
    # `Document.toxml` would begin with an XML declaration, which a packet should not have.
    return "".join(node.toxml() for node in document.childNodes).encode("utf-8", "replace")
