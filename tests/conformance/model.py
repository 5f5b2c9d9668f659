"""Compares answers with botocore's models: members, types, required members, enumerations, constraints.

It works on the raw answer, since botocore itself ignores what it does not know and forgives what it does not need.
"""

import re
import xml.etree.ElementTree

STRINGS = {"string", "character"}
WHOLE = {"integer", "long"}
NUMBERS = {"float", "double"}


def pattern_of(shape):
    """The shape's pattern as a Python pattern; None if there is none or Python does not support it."""
    text = shape.metadata.get("pattern")
    if not text:
        return None
    text = text.replace(r"\u10000-\u10FFFF", "\U00010000-\U0010ffff").replace(r"\uD7FF", "\ud7ff")
    text = text.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", " ")
    try:
        return re.compile(text)
    except re.error:
        return None


def wire_name(name, shape):
    """The wire name of the member `name` of the shape."""
    return shape.serialization.get("name", name)


def problems(shape, value, path="", seen=lambda path, there: None):
    """The problems of `value` as a `shape`. `seen` records for every modelled member whether it was present."""
    if value is None:
        return [f"{path or 'the answer'} is null"]
    kind = shape.type_name
    if kind == "structure":
        return structure_problems(shape, value, path, seen)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path} is no list: {value!r}"]
        found = size_problems(shape, len(value), path)
        for element in value:
            found += problems(shape.member, element, f"{path}[]", seen)
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path} is no map: {value!r}"]
        found = size_problems(shape, len(value), path)
        for key, element in value.items():
            found += problems(shape.key, key, f"{path}<key>", seen)
            found += problems(shape.value, element, f"{path}<value>", seen)
        return found
    return scalar_problems(shape, value, path)


def structure_problems(shape, value, path, seen):
    if not isinstance(value, dict):
        return [f"{path or 'the answer'} is no structure: {value!r}"]
    found = []
    names = {wire_name(name, member): (name, member) for name, member in shape.members.items()}
    for name in value:
        if name not in names:
            found.append(f"{join(path, name)} is not modelled")
    for wire, (name, member) in names.items():
        there = wire in value
        seen(join(path, wire), there)
        if there:
            found += problems(member, value[wire], join(path, wire), seen)
        elif name in shape.required_members:
            found.append(f"{join(path, wire)} is required and absent")
    return found


def scalar_problems(shape, value, path):
    kind = shape.type_name
    if kind in STRINGS:
        if not isinstance(value, str):
            return [f"{path} is no string: {value!r}"]
        found = size_problems(shape, len(value), path)
        if shape.enum and value not in shape.enum:
            found.append(f"{path} is {value!r}, not one of {shape.enum}")
        pattern = pattern_of(shape)
        if pattern and not pattern.fullmatch(value):
            found.append(f"{path} is {value!r}, which does not match {pattern.pattern}")
        return found
    if isinstance(value, bool) != (kind == "boolean"):
        return [f"{path} is no {kind}: {value!r}"]
    if kind in WHOLE:
        if not isinstance(value, int):
            return [f"{path} is no {kind}: {value!r}"]
        return size_problems(shape, value, path)
    if kind in NUMBERS or kind == "timestamp":
        if not isinstance(value, (int, float)):
            return [f"{path} is no {kind}: {value!r}"]
        if kind == "timestamp" and not 0 < value < 4_102_444_800:
            return [f"{path} is no time in seconds: {value!r}"]
    return []


def size_problems(shape, size, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    found = []
    if low is not None and size < low:
        found.append(f"{path}: {size} is below the least, {low}")
    if high is not None and size > high:
        found.append(f"{path}: {size} is above the most, {high}")
    return found


def join(path, name):
    return f"{path}.{name}" if path else name


def member_paths(shape, path=""):
    """The paths of all members that `shape` models, as `problems` names them."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            here = join(path, wire_name(name, member))
            yield here
            yield from member_paths(member, here)
    elif shape.type_name == "list":
        yield from member_paths(shape.member, f"{path}[]")


def from_xml(text, shape, wrapper=None):
    """Converts an answer of the Query protocol to JSON. Elements that are not in the model are kept, so that they are found."""
    root = xml.etree.ElementTree.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    element = root.find(wrapper) if wrapper else root
    return None if element is None else element_value(element, shape)


def element_value(element, shape):
    if shape is None:
        return element.text or ""
    if shape.type_name == "structure":
        names = {wire_name(name, member): member for name, member in shape.members.items()}
        return {child.tag: element_value(child, names.get(child.tag)) for child in element}
    if shape.type_name == "list":
        return [element_value(child, shape.member) for child in element]
    text = element.text or ""
    if shape.type_name in WHOLE and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    if shape.type_name == "timestamp":
        # This protocol writes times in ISO 8601.
        from datetime import datetime

        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return text
    return text
