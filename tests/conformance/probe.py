"""Sends calls with boto3, and compares every answer and every error with the operation's model."""

import json
import time
from dataclasses import dataclass, field

import boto3
import botocore.awsrequest
import botocore.httpsession
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from model import from_xml, problems

ACCOUNT = "123456789012"
REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}

# Errors of every service, in addition to those of its model.
COMMON = {
    "json": {
        "AccessDeniedException": 400,
        "ExpiredTokenException": 400,
        "IncompleteSignatureException": 400,
        "InternalFailure": 500,
        "InvalidSignatureException": 400,
        "MissingAuthenticationTokenException": 400,
        "SerializationException": 400,
        "ThrottlingException": 400,
        "UnknownOperationException": 400,
        "UnrecognizedClientException": 400,
        "ValidationException": 400,
    },
    "rest-json": {
        "AccessDeniedException": 403,
        "ExpiredTokenException": 403,
        "IncompleteSignatureException": 403,
        "InternalFailure": 500,
        "InvalidSignatureException": 403,
        "MissingAuthenticationTokenException": 403,
        "SerializationException": 400,
        "ThrottlingException": 429,
        "UnknownOperationException": 404,
        "UnrecognizedClientException": 403,
        "ValidationException": 400,
    },
    "query": {
        "AccessDenied": 403,
        "ExpiredToken": 403,
        "IncompleteSignature": 403,
        "InternalFailure": 500,
        "InvalidAction": 400,
        "InvalidClientTokenId": 403,
        "MalformedInput": 400,
        "MissingAuthenticationToken": 403,
        "MissingParameter": 400,
        "SignatureDoesNotMatch": 403,
        "Throttling": 400,
        "ValidationError": 400,
    },
}
THROTTLED = {"ThrottledException", "ThrottlingException", "Throttling"}


@dataclass
class Result:
    """The result of a call: the raw answer, and the result of boto3."""

    status: int = 0
    code: str = ""
    body: dict = field(default_factory=dict)
    parsed: dict = field(default_factory=dict)
    exception: Exception = None
    problems: list = field(default_factory=list)

    @property
    def ok(self):
        return not self.code

    def __getitem__(self, name):
        return self.body[name]

    def get(self, name, default=None):
        return self.body.get(name, default)


class Probe:
    """One service of a simulator, with the credentials of one account."""

    def __init__(self, service, url, ledger, keys=KEYS, region=REGION, retries=1, read_timeout=20):
        self.service = service
        self.url = url
        self.ledger = ledger
        config = Config(
            parameter_validation=False,
            retries={"total_max_attempts": retries, "mode": "standard"},
            connect_timeout=5,
            read_timeout=read_timeout,
        )
        session = boto3.session.Session()
        self.client = session.client(service, endpoint_url=url, region_name=region, config=config, **keys)
        self.model = self.client.meta.service_model
        self.raw = None
        self.client.meta.events.register(f"before-parse.{self.model.service_id.hyphenize()}", self.keep_raw)

    def keep_raw(self, response_dict, **_):
        self.raw = response_dict

    def operation(self, name):
        return self.model.operation_model(name)

    def method(self, name):
        """The client's method for the operation `name`."""
        return getattr(self.client, xform_name(name))

    def call(self, name, *, checked=True, patient=True, **parameters):
        """Calls the operation. A throttled call is repeated, unless the caller excludes this."""
        self.ledger.called.add((self.service, name))
        for attempt in range(40):
            result = self.call_once(name, parameters)
            if not (patient and result.code in THROTTLED):
                break
            self.ledger.errors[self.service, name].add(result.code)
            time.sleep(0.3)
        if checked:
            told = json.dumps(parameters, default=str)
            told = told if len(told) < 160 else told[:160] + "…"
            self.ledger.check(
                f"{self.service} {name} {told} keeps to the model", "; ".join(result.problems[:5])
            )
        return result

    def call_once(self, name, parameters):
        self.raw = None
        result = Result()
        try:
            result.parsed = self.method(name)(**parameters)
        except ClientError as error:
            result.exception = error
        except ResponseParserError as error:
            result.exception, result.code = error, "unreadable"
            result.status = self.raw["status_code"] if self.raw else 0
            result.problems.append(f"the answer cannot be read: {error}")
            return result
        operation = self.operation(name)
        if self.raw is None:
            result.problems.append("no answer reached the parser")
            return result
        result.status = self.raw["status_code"]
        if result.exception is None:
            self.check_success(operation, result)
        else:
            self.check_error(operation, result)
        return result

    def refused(self, name, codes, **parameters):
        """Checks that the call fails with one of `codes`, or with any modelled or common error if `codes` is None."""
        result = self.call(name, **parameters)
        told = json.dumps(parameters, default=str)[:160]
        expected = " or ".join(codes) if codes else "an error"
        wanted = result.code and (not codes or result.code in codes) and result.status < 500
        found = f"{result.code} ({result.status})" if result.code else "an answer"
        self.ledger.true(f"{self.service} {name} {told} is refused with {expected}", wanted, f"came {found}")
        return result

    def good(self, name, **parameters):
        """Checks that the call succeeds."""
        result = self.call(name, **parameters)
        told = json.dumps(parameters, default=str)[:160]
        message = str(result.exception) if result.exception else None
        self.ledger.check(f"{self.service} {name} {told} is answered", message)
        return result

    def text(self):
        return self.raw["body"].decode("utf-8", "replace")

    def check_success(self, operation, result):
        if result.status != operation.http.get("responseCode", 200):
            result.problems.append(f"status is {result.status}")
        shape = operation.output_shape
        try:
            if self.model.protocol == "query":
                result.body = from_xml(self.text(), shape, f"{operation.name}Result")
            else:
                result.body = json.loads(self.text())
        except Exception as error:
            result.problems.append(f"the body cannot be read: {error}")
            return

        def seen(path, there):
            (self.ledger.present if there else self.ledger.absent)[self.service, operation.name].add(path)

        result.problems += problems(shape, result.body, seen=seen)
        if "x-amzn-requestid" not in {name.lower() for name in self.raw["headers"]}:
            result.problems.append("there is no x-amzn-requestid")

    def check_error(self, operation, result):
        result.code = result.exception.response["Error"]["Code"]
        self.ledger.errors[self.service, operation.name].add(result.code)
        shape = next((shape for shape in operation.error_shapes if shape.error_code == result.code), None)
        elsewhere = COMMON[self.model.protocol]
        if shape is None and result.code not in elsewhere:
            result.problems.append(f"{result.code} is no error of {operation.name}")
            return
        if shape is not None:
            status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
            name = shape.name
            if not isinstance(result.exception, getattr(self.client.exceptions, name)):
                result.problems.append(f"{result.code} reached boto3 as {type(result.exception).__name__}")
        else:
            status = elsewhere[result.code]
        if result.status != status:
            result.problems.append(f"{result.code} came with status {result.status}, not {status}")
        if not result.exception.response["Error"].get("Message"):
            result.problems.append(f"{result.code} says nothing")
        if self.model.protocol == "query":
            error = from_xml(self.text(), None, "Error")
            if error is None:
                result.problems.append("the error is no ErrorResponse")
            return
        result.body = json.loads(self.text())
        members = {name: value for name, value in result.body.items() if name != "__type"}
        if shape is not None:
            modelled = {name.lower() for name in shape.members}
            # The models of some errors have no members, but every error has a message.
            told = {
                name: value
                for name, value in members.items()
                if name.lower() != "message" or name.lower() in modelled
            }
            result.problems += problems(shape, told)
        elif {name.lower() for name in members} - {"message"}:
            result.problems.append(f"{result.code} has other members than a message: {sorted(members)}")

    def call_raw(self, name, parameters):
        """Sends JSON that botocore would not accept. Returns the code and status of the error."""
        operation = self.operation(name)
        if self.model.protocol == "json":
            target = f"{self.model.metadata['targetPrefix']}.{name}"
            headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        elif self.model.protocol == "rest-json" and operation.http["method"] == "POST":
            headers = {"Content-Type": "application/json"}
        else:
            return None
        body = json.dumps(parameters).encode()
        status, headers, text = self.send("POST", operation.http["requestUri"], headers, body)
        code = headers.get("x-amzn-errortype") or json.loads(text).get("__type", "")
        return code, status

    def send(self, method, path, headers=None, body=b"", signed=True):
        """Sends a request that no client would create. Returns status, headers and text."""
        headers = dict(headers or {})
        if signed:
            scope = f"AKIDEXAMPLE/20260101/{REGION}/{self.model.signing_name}/aws4_request"
            headers["Authorization"] = (
                f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
            )
            headers["X-Amz-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        request = botocore.awsrequest.AWSRequest(method, self.url + path, headers, body)
        response = botocore.httpsession.URLLib3Session().send(request.prepare())
        return response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.text
