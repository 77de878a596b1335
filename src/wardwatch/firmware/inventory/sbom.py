"""In: components. Out: a bill of materials as CycloneDX 1.6 JSON; the same components make the same text."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from wardwatch.dissection import Component

if TYPE_CHECKING:
    from cyclonedx.model import HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component as Part

_TYPES: Final = {
    "program": "application", "library": "library", "kernel": "operating-system", "kernel module": "device-driver",
    "script": "application", "application": "application", "operating-system": "operating-system",
    "firmware": "firmware",
}  # fmt: skip  # a table
_CPE: Final = "cpe: "


def sbom(components: Iterable[Component], name: str) -> str:
    """The bill of materials of the image `name`. The library that writes it is loaded here only."""
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415  # 0.1 s, only who asks for the document pays

    return JsonV1Dot6(_bom(tuple(components), name)).output_as_string(indent=2) + "\n"


def _bom(components: tuple[Component, ...], name: str) -> "Bom":
    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415  # as above
    from cyclonedx.model.component import Component as Part  # noqa: PLC0415  # as above
    from cyclonedx.model.component import ComponentType  # noqa: PLC0415  # as above
    from cyclonedx.model.dependency import Dependency  # noqa: PLC0415  # as above
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415  # as above

    image = Part(name=name, type=ComponentType.FIRMWARE, bom_ref="image")
    tool = Part(name="wardwatch", version=version("wardwatch"), type=ComponentType.APPLICATION, bom_ref="tool")
    parts = list(_parts(components))
    metadata = BomMetaData(component=image, tools=ToolRepository(components=[tool]))
    metadata.timestamp = None  # type: ignore[assignment]  # optional in the schema; a time would differ from run to run
    content = "\n".join(f"{each.path}\t{each.name}\t{each.version}\t{each.sha256}" for each in components)
    bom = Bom(components=parts, metadata=metadata, serial_number=uuid5(NAMESPACE_URL, f"{name}\n{content}"))
    bom.dependencies.add(Dependency(image.bom_ref, [Dependency(part.bom_ref) for part in parts]))
    return bom


def _parts(components: Iterable[Component]) -> "Iterator[Part]":
    from cyclonedx.model.component import Component as Part  # noqa: PLC0415  # as above
    from cyclonedx.model.component import ComponentType  # noqa: PLC0415  # as above

    counted: dict[str, int] = {}
    for each in components:
        base = f"{each.path}#{each.name}"
        counted[base] = counted.get(base, 0) + 1
        cpe = next((pair.removeprefix(_CPE) for pair in each.properties if pair.startswith(_CPE)), None)
        yield Part(
            name=each.name or each.path,
            version=each.version or None,
            type=ComponentType(_TYPES.get(each.kind, "file")),
            bom_ref=base if counted[base] == 1 else f"{base}#{counted[base]}",
            hashes=_hashes(each),
            cpe=cpe,
            properties=_properties(each),
        )


def _hashes(component: Component) -> "list[HashType]":
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415  # as above

    return [HashType(alg=HashAlgorithm.SHA_256, content=component.sha256)] if component.sha256 else []


def _properties(component: Component) -> "list[Property]":
    from cyclonedx.model import Property  # noqa: PLC0415  # as above

    pairs = [("path", component.path), ("size", str(component.size)), ("kind", component.kind)]
    pairs += [(name, value) for name, _, value in (each.partition(": ") for each in component.properties)]
    return [Property(name=f"wardwatch:{name}", value=value) for name, value in pairs]
