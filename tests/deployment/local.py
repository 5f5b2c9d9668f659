"""The simulator, and the shipped functions as processes under a Lambda Runtime API, for checks in Python.

The Runtime API here is a second one beside the simulator's own: it hands invocations of many at once to as many
processes as are asked for, as Lambda does.
"""

import contextlib
import http.server
import os
import pathlib
import queue
import socket
import subprocess
import threading
import time
import uuid

import boto3
from botocore.config import Config

from templates import ACCOUNT, REGION, ROOT

BUILT = pathlib.Path(os.environ.get("BUILT", ROOT / "target/debug"))
TABLE = "insights"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client(service, url, **options):
    """A client without validation, because identifiers of emulators differ from those of AWS."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(parameter_validation=False, retries={"max_attempts": 1}, **options),
    )


@contextlib.contextmanager
def simulator(*arguments):
    """A running `insights simulate`; its URL."""
    port = free_port()
    command = [BUILT / "insights", "simulate", "--port", str(port), "--table", TABLE, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class FunctionError(Exception):
    """The invocation failed. The payload is Lambda's error object."""

    def __init__(self, payload):
        super().__init__(payload)
        self.payload = payload


class Server(http.server.ThreadingHTTPServer):
    """A server that ignores connections of processes that were terminated while they waited."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Function:
    """A function binary in `processes` processes with a common queue of invocations."""

    def __init__(self, name, url, processes=1, output=subprocess.DEVNULL, **variables):
        self.name = name
        self.waiting = queue.Queue()
        self.under_way = {}
        self.invocations = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        environment = CREDENTIALS | {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": url,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "TABLE_NAME": TABLE,
            **variables,
        }
        self.processes = [
            subprocess.Popen([BUILT / name], env=environment, stdout=output, stderr=subprocess.DEVNULL)
            for _ in range(processes)
        ]

    def invoke(self, payload):
        """The response of the function to the JSON `payload`."""
        request, answered = str(uuid.uuid4()), queue.Queue()
        with self.lock:
            self.under_way[request] = answered
            self.invocations += 1
            self.most_at_once = max(self.most_at_once, len(self.under_way))
        self.waiting.put((request, payload))
        kind, body = answered.get(timeout=300)
        with self.lock:
            del self.under_way[request]
        if kind == "error":
            raise FunctionError(body)
        return body

    def _handler(self):
        function = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                request, payload = function.waiting.get()
                deadline = str(int((time.time() + 900) * 1000))
                arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}"
                self.answer(200, payload.encode(), [
                    ("Lambda-Runtime-Aws-Request-Id", request),
                    ("Lambda-Runtime-Deadline-Ms", deadline),
                    ("Lambda-Runtime-Invoked-Function-Arn", arn),
                ])

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                *_, request, kind = self.path.split("/")
                with function.lock:
                    waiting = function.under_way.get(request)
                if waiting:
                    waiting.put((kind, body))
                self.answer(202, b"{}")

        return Handler

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.server.shutdown()


def items(url, condition=lambda item: True):
    """Every item of the simulator's table, as Python values."""
    table = boto3.resource(
        "dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    ).Table(TABLE)
    page, found = table.scan(), []
    while True:
        found += filter(condition, page["Items"])
        if "LastEvaluatedKey" not in page:
            return found
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])


class Ledger:
    """Counts passed and failed checks."""

    def __init__(self):
        self.failed = 0
        self.passed = 0

    def check(self, what, actual, expected):
        if actual == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {actual!r}, and not {expected!r}")

    def finish(self, name):
        print(f"{name}: {self.passed} passed, {self.failed} failed")
        raise SystemExit(1 if self.failed else 0)
