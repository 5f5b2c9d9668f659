"""Changes moto's interpreter of state machines where it differs from AWS Step Functions.

- JSONata expressions are evaluated by the Python package jsonata-python. moto has no implementation of its own.
- Every payload is limited to 256 KiB: input and output of each state, results of tasks and maps, and variables. The largest
  are recorded.
- A child execution of a Distributed Map that fails returns its record, and a map fails if more of them fail than it tolerates.
- All tasks share one client for each service. moto creates one for each task, which takes a third of the processor time.
"""

import collections
import functools
import itertools
import json
import re
import sys
import threading

import jsonata
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.exec.state_map import state_map as map_module
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import distributed_iteration_component
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.jsonata import jsonata as jsonata_module
from moto.stepfunctions.parser.asl.utils import boto_client as client_module
from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LARGEST_PAYLOAD = 256 * 1024
# The length of the cause in the record of a failed child execution.
CAUSE_BYTES = 3_000


# The values of variables. moto inserts them into the text of each expression; here it inserts only a reference, because the
# interpreter would otherwise parse every account list as text.
BINDINGS = {}
NUMBERS = itertools.count()
# Parsed expressions that no thread uses, by their text. The threads of the interpreter live too short to parse for themselves.
PARSED = collections.defaultdict(collections.deque)


def declare(bindings):
    """A reference to the values of variables, in place of their declarations."""
    number = next(NUMBERS)
    BINDINGS[number] = bindings
    return f"<{number}>"


def evaluate(expression):
    """The value of a JSONata expression. An expression without a value is an error, as in Step Functions."""
    before, references, after = re.fullmatch(r"([^<]*?\()((?:<\d+>)+)(.*)", expression, re.S).groups()
    text = before + after
    try:
        parsed = PARSED[text].pop()
    except IndexError:
        parsed = jsonata.Jsonata(text)
    # The functions of the package look for the expression of their thread.
    jsonata.Jsonata.CURRENT.jsonata = parsed
    frame = parsed.create_frame()
    for number in re.findall(r"\d+", references):
        for name, value in BINDINGS[int(number)].items():
            frame.bind(name.removeprefix("$"), value)
    try:
        value = parsed.evaluate(None, frame)
    finally:
        PARSED[text].append(parsed)
    if value is None:
        raise ValueError(f"the expression has no value: {text}")
    return json.loads(json.dumps(value, default=plain))


def plain(value):
    return list(value) if hasattr(value, "__iter__") else str(value)


def size(value):
    """The bytes of a value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


class Sizes:
    """The largest payload of each state."""

    def __init__(self):
        self.lock = threading.Lock()
        self.largest = {}

    def record(self, name, value):
        with self.lock:
            self.largest[name] = max(self.largest.get(name, 0), size(value))

    def clear(self):
        self.largest = {}


SIZES = Sizes()


def failed_child(account_input, error="States.Runtime"):
    """The record of a failed child execution, as AWS returns it in the result of a map."""
    arn = "arn:aws:states:eu-west-1:123456789012:execution:insights-organization/accounts:" + "0" * 36
    return {
        "ExecutionArn": arn,
        "Input": json.dumps(account_input),
        "InputDetails": {"Included": True},
        "Name": "0" * 36,
        "StartDate": "2026-11-30T12:00:00.000Z",
        "StateMachineArn": arn.replace("execution", "stateMachine"),
        "Status": "FAILED",
        "StopDate": "2026-11-30T12:00:00.000Z",
        "Error": error,
        "Cause": "c" * CAUSE_BYTES,
    }


def failure(env, kind, cause):
    error = StatesErrorName(typ=kind)
    details = ExecutionFailedEventDetails(error=error.error_name, cause=cause)
    return FailureEventException(FailureEvent(
        env=env, error_name=error, event_type=HistoryEventType.ExecutionFailed,
        event_details=EventDetails(executionFailedEventDetails=details),
    ))


def check(env, name, value):
    SIZES.record(name, value)
    if size(value) > LARGEST_PAYLOAD:
        raise failure(env, StatesErrorNameType.StatesStatesDataLimitExceeded, f"{name} has {size(value)} bytes")


CREATING = threading.Lock()


@functools.cache
def created(create, region, service):
    return create(region=region, service=service)


def shared_clients(create):
    """In place of `create`, which creates a client for each call. The state machine has one role, so credentials do not matter."""

    def client(region, service, state_credentials=None):
        with CREATING:
            return created(create, region, service)

    return client


def replace(function, replacement):
    """Replaces a function in all modules that imported it."""
    for module in list(sys.modules.values()):
        if getattr(module, function.__name__, None) is function:
            setattr(module, function.__name__, replacement)


def install():
    """Changes the interpreter of this process."""
    jsonata_module._eval_jsonata = evaluate
    replace(jsonata_module.encode_jsonata_variable_declarations, declare)
    replace(client_module.boto_client_for, shared_clients(client_module.boto_client_for))
    state_class = state_module.CommonStateField

    # The interpreter verifies the results of tasks and the outputs of states by this method.
    def verify(self, env, value):
        check(env, self.name, value)

    state_class._verify_size_quota = verify

    execute_map = map_module.StateMap._eval_execution

    def execute_map_within_limit(self, env):
        execute_map(self, env)
        check(env, f"{self.name}, result", env.stack[-1])

    map_module.StateMap._eval_execution = execute_map_within_limit

    set_variable = VariableStore.set

    def set_variable_within_limit(self, variable_identifier, variable_value):
        SIZES.record(f"${variable_identifier}", variable_value)
        assert size(variable_value) <= LARGEST_PAYLOAD, f"the variable {variable_identifier} is too large"
        set_variable(self, variable_identifier, variable_value)

    VariableStore.set = set_variable_within_limit

    worker = distributed_item_processor_worker.DistributedItemProcessorWorker
    run_child = worker._eval_job

    def run_child_and_keep_its_failure(self, env, job):
        run_child(self, env, job)
        if job.job_output is None:
            job.job_output = failed_child(job.job_input)

    worker._eval_job = run_child_and_keep_its_failure

    component = distributed_iteration_component.DistributedIterationComponent
    run_map = component._map_run

    def run_map_with_tolerance(self, env, eval_input):
        run_map(self, env, eval_input)
        failed = sum(isinstance(result, dict) and "ExecutionArn" in result for result in env.stack[-1])
        if failed > eval_input.tolerated_failure_count:
            raise failure(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, f"{failed} child executions failed")

    component._map_run = run_map_with_tolerance
