"""EventBridge's input transformers, as its user guide documents them ("Amazon EventBridge input transformation", with the section
"Common issues with transforming input") and as the API reference limits them (InputTransformer).

The implementation is literal where the guide leaves a choice that matters: nothing is escaped. A value that is not safe without
escapes makes the result invalid JSON, which is an error here as it is for a target.
"""

import json
import re

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
STEP = re.compile(r"\.([A-Za-z0-9_/-]+)|\[([0-9]+)\]")
PLACEHOLDER = re.compile(r"<([A-Za-z0-9._-]+)>")
# With a value here: these variables exist without a path, and a path cannot redefine them.
RESERVED = ("aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event",
            "aws.events.event.json")
# They can only be the value of a field.
ONLY_VALUES = ("aws.events.event", "aws.events.event.json")


class Invalid(Exception):
    """EventBridge would reject the transformer, or the target would get no valid JSON."""


def extract(path, event):
    """The value at a path, in a list; an empty list if the event does not have it."""
    if not path.startswith("$") or len(path) > 256:
        raise Invalid(f"{path} is no path")
    node, position = event, 1
    while position < len(path):
        step = STEP.match(path, position)
        if not step:
            raise Invalid(f"{path} has syntax that EventBridge does not support")
        position = step.end()
        if step[1] is not None:
            if not isinstance(node, dict) or step[1] not in node:
                return []
            node = node[step[1]]
        else:
            if not isinstance(node, list) or int(step[2]) >= len(node):
                return []
            node = node[int(step[2])]
    return [node]


def variables(paths, event, rule):
    """The variables of an event. A path without a value creates none."""
    if len(paths) > 100:
        raise Invalid("more than 100 variables")
    found = {
        "aws.events.rule-arn": rule,
        "aws.events.rule-name": rule.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    for name, path in paths.items():
        if not NAME.fullmatch(name) or name.upper().startswith("AWS"):
            raise Invalid(f"{name} is no name of a variable")
        for value in extract(path, event):
            found[name] = value
    return found


def inside(value):
    """A value within a string: as it is, and an object or a list as JSON without its quotation marks."""
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")


def alone(value):
    """A value outside of strings: a text gets quotation marks, but no escapes."""
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)


def transform(transformer, event, rule="arn:aws:events:eu-west-1:123456789012:rule/bus/rule"):
    """What the target receives, as text."""
    template = transformer["InputTemplate"]
    paths = transformer.get("InputPathsMap", {})
    if not 1 <= len(template) <= 8192:
        raise Invalid("a template has 1 to 8192 characters")
    defined = {*paths, *RESERVED}
    values = variables(paths, event, rule)
    output, position, in_string = [], 0, False
    while position < len(template):
        placeholder = PLACEHOLDER.match(template, position)
        if not placeholder:
            character = template[position]
            if in_string and character == "\\":
                output.append(template[position:position + 2])
                position += 2
                continue
            in_string ^= character == '"'
            output.append(character)
            position += 1
            continue
        name = placeholder[1]
        position = placeholder.end()
        if name not in defined:
            raise Invalid(f"<{name}> is not defined")
        if in_string and name in ONLY_VALUES:
            raise Invalid(f"<{name}> can only be the value of a field")
        if not in_string and template[position:].lstrip().startswith(":"):
            raise Invalid(f"<{name}> is the key of an object")
        if name in values:
            output.append((inside if in_string else alone)(values[name]))
    text = "".join(output)
    try:
        json.loads(text)
    except ValueError as error:
        raise Invalid(f"{error}: {text}") from None
    return text
