"""Derives calls that violate one constraint of the model each, and calls at the limits of constraints, from a valid call."""

import time

from model import join, pattern_of

# The first one that does not match a pattern is used.
STRANGE = ["!", "é", "a b", "~", "A", "x", "\u0001", "{}", "a/b", "-"]


def sample(shape):
    """A value that is probably valid."""
    kind = shape.type_name
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "a" * max(1, shape.metadata.get("min", 1))
    if kind in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if kind == "timestamp":
        return int(time.time()) - 3600
    if kind == "boolean":
        return True
    if kind == "list":
        return [sample(shape.member)] * shape.metadata.get("min", 1)
    if kind == "map":
        return {sample(shape.key): sample(shape.value)}
    return {name: sample(member) for name, member in shape.members.items() if name in shape.required_members}


def bad_values(shape, good, path=""):
    """Pairs of a constraint and a value that violates it, for a member with the valid value `good`."""
    good = sample(shape) if good is None else good
    kind, low, high = shape.type_name, shape.metadata.get("min"), shape.metadata.get("max")
    if kind == "structure":
        for name in shape.required_members:
            yield f"{join(path, name)} required", {key: value for key, value in good.items() if key != name}
        for name, member in shape.members.items():
            for label, value in bad_values(member, good.get(name), join(path, name)):
                yield label, {**good, name: value}
    elif kind == "list":
        if low:
            yield f"{path} min {low}", []
        if high is not None:
            yield f"{path} max {high}", (good or [sample(shape.member)]) * (high + 1)
        for label, value in bad_values(shape.member, good[0] if good else None, f"{path}[]"):
            yield label, [value]
        yield f"{path} type", "no list"
    elif kind == "map":
        key, element = next(iter(good.items()))
        if low:
            yield f"{path} min {low}", {}
        if high is not None:
            keys = shape.key.enum or [f"{key}{index}" for index in range(high + 1)]
            yield f"{path} max {high}", {other: element for other in keys[: high + 1]}
        for label, value in bad_values(shape.key, key, f"{path}<key>"):
            if isinstance(value, str):
                yield label, {value: element}
        for label, value in bad_values(shape.value, element, f"{path}<value>"):
            yield label, {key: value}
    elif kind == "string":
        yield from bad_strings(shape, good, path)
    elif kind in ("integer", "long"):
        if low is not None:
            yield f"{path} min {low}", low - 1
        if high is not None:
            yield f"{path} max {high}", high + 1
        yield f"{path} type", "many"
    elif kind == "timestamp":
        yield f"{path} type", "no time"
    elif kind == "boolean":
        yield f"{path} type", "perhaps"


def bad_strings(shape, good, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low:
        yield f"{path} min {low}", good[: low - 1]
    if high is not None:
        yield f"{path} max {high}", good[:1] * (high + 1 - len(good)) + good
    if shape.enum:
        yield f"{path} enum", "NOT_A_VALUE"
    pattern = pattern_of(shape)
    if pattern:
        for strange in STRANGE:
            # Long enough to violate only the pattern.
            value = strange + good[1:] if len(good) > 1 else strange
            value += "0" * ((low or 0) - len(value))
            if not pattern.fullmatch(value) and not (high and len(value) > high):
                yield f"{path} pattern", value
                break


def edge_values(shape, path=""):
    """Pairs of a limit and a value at this limit, for the members of the input `shape` itself."""
    for name, member in shape.members.items():
        if member.type_name in ("integer", "long"):
            for edge in ("min", "max"):
                if edge in member.metadata:
                    yield name, f"{name} = {edge}", member.metadata[edge]
        elif member.type_name == "string":
            for value in member.enum or []:
                yield name, f"{name} = {value}", value


def labels(shape):
    """The constraints of the input `shape` that `bad_values` can violate, and those that it cannot."""
    if shape is None:
        return set(), set()
    can = {label for label, _ in bad_values(shape, sample(shape))}
    cannot = set()
    for name, member in shape.members.items():
        if member.metadata.get("pattern") and f"{name} pattern" not in can:
            cannot.add(f"{name} pattern")
    return can, cannot


def violate(probe, name, good, skip=(), codes=None):
    """Violates every constraint of the operation `name`, one per call. `good` are valid calls; each is sent first.

    `skip` holds members and labels that are left alone.
    """
    operation = probe.operation(name)
    shape = operation.input_shape
    if shape is None:
        return
    for parameters in good:
        probe.good(name, **parameters)
    labels_in_path = {
        f"{member} required"
        for member, its in shape.members.items()
        if its.serialization.get("location") == "uri"
    }
    for label, parameters in bad_calls(shape, good):
        member = label.split(" ")[0].split(".")[0].split("[")[0].split("<")[0]
        # Without a label there is no path, so no client can send such a call. An empty label is another path.
        empty_label = parameters.get(member) == "" and f"{member} required" in labels_in_path
        if member in skip or label in skip or label in labels_in_path or empty_label:
            continue
        if refuses(probe, name, codes, label, parameters):
            probe.ledger.constraints[probe.service, name].add(label)


def refuses(probe, name, codes, label, parameters):
    """Whether the call is rejected. It is sent with boto3 if possible."""
    if codes and label.endswith("type"):
        # A value of another type cannot be read.
        codes = [*codes, "SerializationException"]
    try:
        return bool(probe.refused(name, codes, **parameters).code)
    except (AttributeError, TypeError, ValueError):
        found = probe.call_raw(name, parameters)
    if found is None:
        return False
    told = f"{probe.service} {name} with a broken {label} is refused"
    return probe.ledger.true(told, found == ("SerializationException", 400), f"came {found}")


def bad_calls(shape, good):
    """Calls with one violation each, derived from a valid call with this member, if there is one."""
    done = set()
    for base in good + [{}]:
        for label, parameters in bad_values(shape, base):
            member = label.split(" ")[0].split(".")[0].split("[")[0].split("<")[0]
            if label in done or (base and member not in base):
                continue
            done.add(label)
            yield label, (
                parameters
                if base
                else {**good[0], member: parameters[member]} if member in parameters else good[0]
            )


def stand_on_edges(probe, name, good, skip=()):
    """Calls with every number at its minimum and maximum, and with every value of an enumeration. All must succeed."""
    operation = probe.operation(name)
    for member, _, value in edge_values(operation.input_shape):
        if member in skip:
            continue
        base = next((parameters for parameters in good if member in parameters), good[0])
        probe.good(name, **{**base, member: value})


def page_through(
    probe, name, parameters, items, token="NextToken", size=("MaxResults", 1), other=None, codes=None
):
    """Reads all pages and checks that they are the whole, that no token comes twice, and that a token goes with its own
    parameters only. `items` is the list's member (or several in step), `size` the smallest page if pages have sizes,
    `other` parameters with which the token must be refused."""
    ledger = probe.ledger
    lists = [items] if isinstance(items, str) else items
    sized = {size[0]: size[1]} if size else {}
    pages, tokens, result = [], [], probe.good(name, **parameters, **sized)
    while True:
        pages.append([result.get(member, []) for member in lists])
        following = result.get(token)
        if not following or following in tokens or len(pages) > 500:
            break
        tokens.append(following)
        result = probe.call(name, **parameters, **sized, **{token: following})
        if not result.ok:
            break
    ledger.true(
        f"{probe.service} {name} has several pages", len(pages) > 1, "there was only one; nothing was paged"
    )
    ledger.check(
        f"{probe.service} {name} ends", f"token came twice: {following}" if following in tokens[:-1] else None
    )
    ledger.true(
        f"{probe.service} {name} keeps to the page size",
        not size or all(len(page[0]) <= size[1] for page in pages),
        f"pages had {[len(page[0]) for page in pages]}",
    )
    whole = []
    for index in range(len(lists)):
        whole.append([item for page in pages for item in page[index]])
    one = {member: [] for member in lists}
    following = None
    while True:
        # All items, with the largest page size.
        result = probe.call(name, **parameters, **({token: following} if following else {}))
        for member in lists:
            one[member] += result.get(member, [])
        following = result.get(token)
        if not following:
            break
    ledger.equal(
        f"{probe.service} {name} has the same items by small pages", whole, [one[member] for member in lists]
    )
    if tokens:
        if other is not None:
            probe.refused(name, codes, **{**parameters, **sized, **other, token: tokens[0]})
        probe.refused(name, codes, **{**parameters, **sized, token: "bm90IGEgdG9rZW4="})
        probe.refused(name, codes, **{**parameters, **sized, token: tokens[0][:-8]})
        elsewhere = type(probe)(probe.service, probe.url, ledger, region="eu-central-1")
        elsewhere.refused(name, codes, **{**parameters, **sized, token: tokens[0]})
    return whole[0]
