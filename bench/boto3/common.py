"""Shared code of the functions: clients, threads, paging, keys, and writing of records.

The functions are written in a common way: every run requests and writes everything. They have no state, no
conditional writes, and no comparison with stored records.
"""

import functools
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import botocore
from botocore.config import Config

from runtime import Context

Record = dict[str, Any]

CONCURRENCY = int(os.environ.get("CONCURRENCY", "8"))
CONFIG = Config(max_pool_connections=CONCURRENCY, retries={"mode": "standard"})
EXECUTOR = ThreadPoolExecutor(CONCURRENCY)
TABLE = boto3.resource("dynamodb", config=CONFIG).Table(os.environ["TABLE_NAME"])

# The maximum of BatchWriteItem.
BATCH = 25
RANKS = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


def client(service: str) -> Any:
    """The client of a service, shared by all threads."""
    return boto3.client(service, config=CONFIG)


class Units:
    """Sums the write units that the table reports."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.write = 0.0
        events = TABLE.meta.client.meta.events
        events.register("provide-client-params.dynamodb.BatchWriteItem", self.ask)
        events.register("after-call.dynamodb.BatchWriteItem", self.add)

    def ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def add(self, parsed: dict[str, Any], **_: Any) -> None:
        units = sum(capacity["CapacityUnits"] for capacity in parsed.get("ConsumedCapacity", []))
        with self.lock:
            self.write += units

    def take(self) -> float:
        """The units of one invocation."""
        with self.lock:
            write, self.write = self.write, 0.0
        return write


UNITS = Units()


class Target:
    """The account and region of the function's ARN."""

    def __init__(self, context: Context) -> None:
        _, _, _, self.region, self.account_id, *_ = context.invoked_function_arn.split(":")

    def partition(self, source: str, *parts: str) -> str:
        return "#".join([source, self.account_id, self.region, *map(key_part, parts)])

    def record(self, kind: str, pk: str, sk: str, **members: Any) -> Record:
        record = {
            "pk": pk,
            "sk": sk,
            "kind": kind,
            "source": kind.partition(".")[0],
            "account_id": self.account_id,
            "region": self.region,
        }
        record.update((name, value) for name, value in members.items() if value is not None)
        return record


def answer(records: int) -> dict[str, Any]:
    """The response to an invocation. Nothing is read, so there are no read units."""
    versions = {"boto3": boto3.__version__, "botocore": botocore.__version__}
    return {"status": "ok", "records": records, "read_units": 0, "write_units": UNITS.take(), **versions}


def pages(call: Callable[..., Any], token: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """All pages of an operation without a paginator in boto3."""
    while True:
        page = call(**parameters)
        yield page
        if not page.get(token):
            return
        parameters[token] = page[token]


def in_threads(function: Callable[..., Iterable[Any]], items: Iterable[Any]) -> list[Any]:
    """The results of `function` for all items, as one list."""
    return [found for made in EXECUTOR.map(function, items) for found in made]


def write(records: list[Record]) -> int:
    """Writes records from several threads."""
    batches = [records[at : at + BATCH] for at in range(0, len(records), BATCH)]
    return sum(EXECUTOR.map(write_here, batches))


def write_here(records: list[Record]) -> int:
    """Writes records from this thread."""
    with TABLE.batch_writer() as batch:
        for record in records:
            batch.put_item(Item=record)
    return len(records)


def time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def floor(time: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(int(time.timestamp()) // seconds * seconds, UTC)


@functools.cache
def snake_case(name: str) -> str:
    """`GroupARN` becomes `group_arn`, `sharedEventID` `shared_event_id`."""
    name = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def plain(value: Any) -> Any:
    """An answer with the types of DynamoDB: names in snake_case, times as text, numbers as decimals."""
    if isinstance(value, dict):
        return {snake_case(name): plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, float):
        return Decimal(str(value))
    return value


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def key_part(text: str | None) -> str:
    if not text:
        return "-"
    if text == "-":
        return "%2D"
    escaped = text.replace("%", "%25").replace("#", "%23")
    if len(escaped.encode()) > 200:
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    return escaped.replace("sha256:", "sha256%3A", 1) if escaped.startswith("sha256:") else escaped


def by_share(part: int | None, whole: int | None, critical: float, high: float, medium: float) -> str:
    """The severity of a share."""
    if not part or not whole:
        return "info"
    share = part / whole
    thresholds = (("critical", critical), ("high", high), ("medium", medium))
    return next((name for name, from_ in thresholds if share >= from_), "low")


def finish(record: Record, retention_days: int) -> Record:
    """Adds the expiry and the index keys."""
    started_at, status = record["started_at"], record.get("status")
    over: str = record.get("ended_at") or started_at
    if status != "open" and retention_days:
        end = datetime.fromisoformat(over) + timedelta(days=retention_days)
        record["expires_at"] = int(end.timestamp())
    if status is None:
        return record
    tag = hashlib.sha256(f"{record['pk']}\n{record['sk']}".encode()).hexdigest()[:8]
    tail = f"{started_at}#{tag}"
    if status == "open":
        rank = RANKS[record["severity"]]
        record["open_pk"] = record["source"]
        record["open_sk"] = f"{record['account_id']}#{record['region']}#{rank}#{tail}"
    elif record["kind"] not in ("auditmanager.domain", "auditmanager.control"):
        record["ended_pk"] = f"{record['kind']}#{over[:7]}"
        record["ended_sk"] = f"{over}#{tag}"
    if record.get("entity"):
        record["entity_pk"] = f"entity#{key_part(record['entity'])}"
        record["entity_sk"] = tail
    return record
