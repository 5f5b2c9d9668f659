"""The services and operations of a simulator, as listed by `GET /`."""

import urllib.request

# An embedded database answers its operations, not the simulator.
EMBEDDED = {"dynamodb"}


def operations(url):
    """The operations by service, without those of an embedded database."""
    with urllib.request.urlopen(url) as response:
        lines = response.read().decode().splitlines()
    pairs = (line.split(": ", 1) for line in lines[1:])
    return {service: names.split(", ") for service, names in pairs if service not in EMBEDDED}
