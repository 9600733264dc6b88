"""XMP packets: take properties out and put others in; everything else stays as it is.

Sources: ISO 16684-1 (XMP part 1); IPTC Photo Metadata Standard for DigitalSourceType.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "http://www.w3.org/2000/xmlns/"

MAX_BYTES, MAX_PARTS = 1 << 22, 20_000
"""Packets with more bytes, or with more tags and attributes, are passed on as they are: a tree
takes 2 to 5 microseconds and a kilobyte for each part."""

EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{RDF}"/>'
    '</x:xmpmeta><?xpacket end="w"?>'
).encode()


ANY = "*"
"""The name that stands for all of a namespace."""


class Property(NamedTuple):
    """A property's namespace, that namespace's usual prefix, and the property's name."""

    namespace: str
    prefix: str
    name: str


def value_of(packet: bytes, wanted: Property) -> str:
    """A simple property's text; empty where there is none or the packet is broken."""
    return values_of(packet, wanted)[0]


def values_of(packet: bytes, *wanted: Property) -> tuple[str, ...]:
    """The texts of simple properties, as `value_of` gives them; the packet is parsed once."""
    found = dict.fromkeys([(one.namespace, one.name) for one in wanted], "")
    document = _parse(packet)
    for description in _descriptions(document) if document else []:
        for node in (*description.attributes.values(), *_elements(description)):
            name = (node.namespaceURI or "", node.localName or "")
            if found.get(name) == "":
                texts = (part for part in node.childNodes if part.nodeType == Node.TEXT_NODE)
                found[name] = "".join(part.data for part in texts).strip()
    return tuple(found.values())


def edited(
    packet: bytes, *, drop: Collection[Property] = (), put: Mapping[Property, str] | None = None
) -> bytes:
    """A packet without some properties and with others.

    Parameters
    ----------
    packet : the bytes of a packet; nothing for a new one
    drop : properties to take out, wherever they are described
    put : simple properties and their texts; they replace those of the same name

    Returns
    -------
    The packet's bytes, UTF-8; unchanged where it is broken, or where nothing was to be done
    """
    put = put or {}
    document = _parse(packet or EMPTY)
    if document is None:
        return packet
    changed = False
    unwanted = {(one.namespace, one.name) for one in (*drop, *put)}
    for description in _descriptions(document):
        taken = _take_out(description, unwanted)
        changed |= taken
        parent = description.parentNode
        if taken and parent is not None and _says_nothing(description):
            parent.removeChild(description)
    if put:
        _put_in(document, put)
    if not (changed or put):
        return packet
    # `Document.toxml` would begin with an XML declaration, which a packet should not have.
    return "".join(node.toxml() for node in document.childNodes).encode("utf-8", "replace")


def _parse(packet: bytes) -> minidom.Document | None:
    """The packet as a tree; None where it can't be one."""
    packet = packet.strip(b"\0 \t\r\n")
    if len(packet) > MAX_BYTES or packet.count(b"<") + packet.count(b"=") > MAX_PARTS:
        return None
    if b"<!" in packet.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        return None  # a document type, which could define entities, has no place in XMP
    try:
        document = minidom.parseString(packet)
        document.toxml()  # recursive, as all that follows
    except (ExpatError, ValueError, RecursionError, LookupError):
        return None
    return document if document.getElementsByTagNameNS("*", "*") else None


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


def _put_in(document: minidom.Document, put: Mapping[Property, str]) -> None:
    """Add one more description with these properties."""
    trees = document.getElementsByTagNameNS(RDF, "RDF")
    if trees:
        tree = trees[0]
    else:
        tree = document.createElementNS(RDF, "rdf:RDF")
        tree.setAttributeNS(XMLNS, "xmlns:rdf", RDF)
        assert document.documentElement is not None
        document.documentElement.appendChild(tree)
    # All descriptions of a packet are about the same thing.
    about = next((one.getAttributeNS(RDF, "about") for one in _descriptions(document)), "")
    added = document.createElementNS(RDF, "rdf:Description")
    added.setAttributeNS(XMLNS, "xmlns:rdf", RDF)
    added.setAttributeNS(RDF, "rdf:about", about)
    for one, text in put.items():
        added.setAttributeNS(XMLNS, f"xmlns:{one.prefix}", one.namespace)
        element = document.createElementNS(one.namespace, f"{one.prefix}:{one.name}")
        element.appendChild(document.createTextNode(text))
        added.appendChild(element)
    tree.appendChild(added)
