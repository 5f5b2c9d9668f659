"""A client of the Lambda Runtime API, like that of Lambda's Python runtime. It passes invocations to a handler.

The argument is the module of the handler: `python runtime.py xray`.
"""

import importlib
import json
import os
import sys
import traceback
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Context:
    """The context of an invocation."""

    aws_request_id: str
    invoked_function_arn: str


def post(connection: HTTPConnection, path: str, body: Any) -> None:
    connection.request("POST", f"{ROOT}/{path}", json.dumps(body))
    connection.getresponse().read()


def context_of(response: HTTPResponse) -> Context:
    return Context(
        aws_request_id=response.headers["lambda-runtime-aws-request-id"],
        invoked_function_arn=response.headers["lambda-runtime-invoked-function-arn"],
    )


def main() -> None:
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = importlib.import_module(sys.argv[1]).handler
    except Exception as error:
        post(connection, "init/error", {"errorType": type(error).__name__, "errorMessage": str(error)})
        raise
    while True:
        connection.request("GET", f"{ROOT}/invocation/next")
        response = connection.getresponse()
        context = context_of(response)
        event = json.loads(response.read())
        path = f"invocation/{context.aws_request_id}"
        try:
            answer = handler(event, context)
        except Exception as error:
            traceback.print_exc()
            message = {"errorType": type(error).__name__, "errorMessage": str(error)}
            post(connection, f"{path}/error", message)
        else:
            post(connection, f"{path}/response", answer)


if __name__ == "__main__":
    main()
