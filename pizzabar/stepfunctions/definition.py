"""
Definitions: Amazon States Language, read and checked as a whole, and compiled once.

Every fault is reported, with its place, in the codes of ValidateStateMachineDefinition. What the States Language
has and pizzabar does not is a fault that names it.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.stepfunctions import choice
from pizzabar.stepfunctions.choice import ChoiceRule, Rule
from pizzabar.stepfunctions.errors import Diagnostic, InvalidDefinition
from pizzabar.stepfunctions.fields import (
    JSONATA,
    JSONPATH,
    LONGEST_TIMEOUT,
    Place,
    constant,
    is_integer,
)
from pizzabar.stepfunctions.map_fields import (
    DISTRIBUTED,
    DISTRIBUTED_ONLY,
    DISTRIBUTED_PATHS,
    INLINE,
    MAP_PATHS,
    MAP_QUERIES,
    MapFields,
)
from pizzabar.stepfunctions.paths import Path
from pizzabar.stepfunctions.payload import Expression
from pizzabar.stepfunctions.retry import ALL, Catcher, Retrier
from pizzabar.stepfunctions.states import (
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    State,
    StateMachine,
    Succeed,
    Task,
    Wait,
)
from pizzabar.stepfunctions.task_fields import unknown_fields
from pizzabar.stepfunctions.task_resource import InvalidResource, TaskResource, not_recognized, read_resource
from pizzabar.stepfunctions.timestamp import read_timestamp

__all__ = ["StateMachine", "read_definition"]

INVALID_JSON = "INVALID_JSON_DESCRIPTION"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END = "MISSING_END_STATE"
DUPLICATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_NAME = "INVALID_STATE_NAME"
TOO_DEEP = "TOO_DEEPLY_NESTED"

LONGEST_NAME = 80
DEEPEST = 100
"""Levels of JSON that a definition may have."""


def read_definition(text: str, supports: Callable[[str], bool] | None = None) -> StateMachine:
    """Read a definition. ``supports`` tells whether the resource of a Task state can be called.

    Without it, the definition is one that was taken before, by an earlier version perhaps: what has come to be
    refused of what tasks ask for is none of its faults. Raise ``InvalidDefinition`` with everything that is wrong.
    """
    try:
        document = parse(text)
    except NotJSON as error:
        raise InvalidDefinition([Diagnostic(INVALID_JSON, f"Invalid JSON: {error}")]) from None
    if _depth(document) > DEEPEST:
        raise InvalidDefinition([Diagnostic(TOO_DEEP, f"A definition must not be more than {DEEPEST} levels deep")])
    reading = _Reading(supports)
    machine = reading.machine(document)
    if reading.faults or machine is None:
        raise InvalidDefinition(reading.faults, reading.warnings)
    return machine


def _depth(document: JSON) -> int:
    depth, level = 0, [document]
    while level and depth <= DEEPEST:
        depth += 1
        level = [
            member
            for value in level
            if isinstance(value, (dict, list))
            for member in (value.values() if isinstance(value, dict) else value)
        ]
    return depth


# Which fields there are. https://states-language.net/spec.html#state-types

_ALWAYS = frozenset({"Type", "Comment", "QueryLanguage"})
_FLOW = frozenset({"Next", "End"})
_PATHS = frozenset({"InputPath", "OutputPath"})
_RESULT = frozenset({"Parameters", "ResultPath"})
_HANDLERS = frozenset({"ResultSelector", "Retry", "Catch"})
_WORK = _ALWAYS | _FLOW | _PATHS | _RESULT | _HANDLERS | {"Assign"}
_TIMEOUTS = frozenset({"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"})
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_PATH_FIELDS: dict[str, frozenset[str]] = {
    "Pass": _ALWAYS | _FLOW | _PATHS | _RESULT | {"Result", "Assign"},
    "Task": _WORK | _TIMEOUTS | {"Resource", "Credentials"},
    "Choice": _ALWAYS | _PATHS | {"Choices", "Default", "Assign"},
    "Wait": _ALWAYS | _FLOW | _PATHS | {*_WAITS, "Assign"},
    "Succeed": _ALWAYS | _PATHS,
    "Fail": _ALWAYS | {"Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _WORK | {"Branches"},
    "Map": _WORK | MAP_PATHS | DISTRIBUTED_PATHS,
}

_GIVES = _ALWAYS | {"Output"}
_WORKS = _GIVES | _FLOW | {"Assign", "Retry", "Catch"}

_QUERY_FIELDS: dict[str, frozenset[str]] = {
    "Pass": _GIVES | _FLOW | {"Assign"},
    "Task": _WORKS | {"Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Choice": _GIVES | {"Choices", "Default", "Assign"},
    "Wait": _GIVES | _FLOW | {"Seconds", "Timestamp", "Assign"},
    "Succeed": _GIVES,
    "Fail": _ALWAYS | {"Error", "Cause"},
    "Parallel": _WORKS | {"Arguments", "Branches"},
    "Map": _WORKS | MAP_QUERIES | DISTRIBUTED_ONLY,
}

_STATE_FIELDS = {JSONPATH: _PATH_FIELDS, JSONATA: _QUERY_FIELDS}

_REQUIRED: dict[str, tuple[str, ...]] = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
_IS_TERMINAL = frozenset({"Succeed", "Fail"})
_BRANCH_FIELDS = frozenset({"StartAt", "States", "Comment"})
_MACHINE_FIELDS = _BRANCH_FIELDS | {"Version", "TimeoutSeconds", "QueryLanguage"}
_PROCESSOR_FIELDS = _BRANCH_FIELDS | {"ProcessorConfig"}
_RETRIER_FIELDS = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
_CATCHER_FIELDS = {
    JSONPATH: frozenset({"ErrorEquals", "Next", "ResultPath", "Comment", "Assign"}),
    JSONATA: frozenset({"ErrorEquals", "Next", "Output", "Comment", "Assign"}),
}
_COMBINATIONS = frozenset({"And", "Or", "Not"})


@dataclass(slots=True)
class _Scope:
    """The states of one level, and the transitions seen in it: where each stands, and whither."""

    states: Collection[str]
    transitions: list[tuple[str | None, Place, str]] = field(default_factory=list)


class _Reading(MapFields):
    """One reading of a definition, which gathers states and faults."""

    def __init__(self, supports: Callable[[str], bool] | None) -> None:
        super().__init__()
        self.supports = supports
        self.states: dict[str, State] = {}
        self.names: set[str] = set()
        self.language = JSONPATH
        self.outer: tuple[frozenset[str], ...] = ()
        """The variables of each level around the one that is read."""

    # The machine, and each of its levels.

    def machine(self, document: JSON) -> StateMachine | None:
        if not isinstance(document, dict):
            self.fault((), "A definition must be a JSON object")
            return None
        self.known_fields(document, (), _MACHINE_FIELDS)
        if "Version" in document and document["Version"] != "1.0":
            self.fault(("Version",), "The value for the field 'Version' must be one of these values: [1.0]")
        self.language = self.query_language(document, (), JSONPATH)
        timeout = self.integer(document, "TimeoutSeconds", (), 1, LONGEST_TIMEOUT)
        start_at = self.level(document, ())
        references = {name: tuple(sorted(variables)) for name, variables in self.references.items()}
        return StateMachine(start_at, self.states, timeout, document, references, tuple(self.warnings))

    def level(self, document: Mapping[str, JSON], place: Place) -> str:
        """Read the states of the machine, a branch or an iterator; give the name of the first."""
        self.required(document, place, ("StartAt", "States"))
        start_at = self.string(document, "StartAt", place) or ""
        states = document.get("States", {})
        if not isinstance(states, dict):
            self.fault((*place, "States"), "Expected value of type Object")
            return start_at
        if not states and "States" in document:
            self.fault((*place, "States"), "Value must not be empty")
        scope = _Scope(states.keys())
        self.outer = (*self.outer, _assigned(states))
        if start_at:
            scope.transitions.append((None, (*place, "StartAt"), start_at))
        for name, state in states.items():
            self.name(name, (*place, "States", name))
            self.state(name, state, (*place, "States", name), scope)
        self.transitions(states, scope, place)
        self.outer = self.outer[:-1]
        return start_at

    def name(self, name: str, place: Place) -> None:
        if not 0 < len(name) <= LONGEST_NAME:
            self.fault(place, f"The name of a state must have 1 to {LONGEST_NAME} characters", INVALID_NAME)
        if name in self.names:
            self.fault(place, f"State name '{name}' is not unique", DUPLICATE_NAME)
        self.names.add(name)

    def transitions(self, states: Mapping[str, JSON], scope: _Scope, place: Place) -> None:
        leads: dict[str | None, list[str]] = {}
        for origin, at, target in scope.transitions:
            if target not in scope.states:
                self.fault(at, f"Missing 'Next' target: {target}", MISSING_TARGET)
            leads.setdefault(origin, []).append(target)
        objects = [state for state in states.values() if isinstance(state, dict)]
        if objects and not any(state.get("End") is True or state.get("Type") in _IS_TERMINAL for state in objects):
            self.faults.append(Diagnostic(MISSING_END, "Workflow has no terminal state"))
            return
        reached: set[str] = set()
        ahead = list(leads.get(None, ()))
        while ahead:
            if (name := ahead.pop()) not in reached:
                reached.add(name)
                ahead.extend(leads.get(name, ()))
        if leads.get(None):
            for name in states:
                if name not in reached:
                    self.fault((*place, "States", name), f'State "{name}" is not reachable.', MISSING_TARGET)

    # One state.

    def state(self, name: str, document: JSON, place: Place, scope: _Scope) -> None:
        if not isinstance(document, dict):
            self.fault(place, "Expected value of type Object")
            return
        type_ = document.get("Type")
        if type_ is None:
            self.fault(place, "These fields are required: [Type]")
            return
        if not isinstance(type_, str) or type_ not in _PATH_FIELDS:
            self.fault(
                (*place, "Type"),
                f"The value for the field 'Type' must be one of these values: [{', '.join(_PATH_FIELDS)}]",
            )
            return
        language = self.query_language(document, place, self.language)
        fields = _STATE_FIELDS[language][type_]
        other = JSONPATH if language == JSONATA else JSONATA
        self.known_fields(document, place, fields, dict.fromkeys(_STATE_FIELDS[other][type_] - fields, other))
        self.required(document, place, _REQUIRED.get(type_, ()))
        self.state_name = name
        common = self.common(document, type_, place, scope, name, fields)
        self.states[name] = getattr(self, f"read_{type_.lower()}")(document, place, scope, {"name": name, **common})
        self.state_name = name

    def common(
        self,
        document: Mapping[str, JSON],
        type_: str,
        place: Place,
        scope: _Scope,
        name: str,
        fields: frozenset[str],
    ) -> dict[str, Any]:
        """Read what states of several types have."""
        read: dict[str, Any] = {}
        if "Next" in fields:
            read["next"] = self.flow(document, place, scope, name)
        if "InputPath" in fields:
            read["input_path"] = self.data_path(document, "InputPath", place)
            read["output_path"] = self.data_path(document, "OutputPath", place)
        if "ResultPath" in fields:
            read["result_path"] = self.result_path(document, place)
            read["parameters"] = self.template(document, "Parameters", place)
        if "ResultSelector" in fields:
            read["result_selector"] = self.template(document, "ResultSelector", place)
        if fields is _QUERY_FIELDS[type_]:
            read["is_jsonata"] = True
        if "Retry" in fields:
            language = JSONATA if "is_jsonata" in read else JSONPATH
            read["retriers"] = self.retriers(document, place)
            read["catchers"] = self.catchers(document, place, scope, name, language)
        members = frozenset({"result"}) if "Retry" in fields else frozenset()
        if "Output" in fields:
            read["output"] = self.queries(document, "Output", place, members=members)
        if "Arguments" in fields:
            read["parameters"] = self.queries(document, "Arguments", place)
        if "Assign" in fields:
            read["assign"] = self.assign(document, place, is_jsonata="is_jsonata" in read, members=members)
        return read

    def assign(
        self,
        document: Mapping[str, JSON],
        place: Place,
        *,
        is_jsonata: bool,
        members: frozenset[str] = frozenset(),
        prefix: str = "",
    ) -> Expression | None:
        """Read the variables that are set.

        https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
        """
        if "Assign" not in document:
            return None
        given, at = document["Assign"], (*place, "Assign")
        if not isinstance(given, dict):
            self.fault(at, "Expected value of type Object")
            return None
        for name in map(_variable_name, given):
            if not name.isidentifier() or len(name) > LONGEST_NAME or name == "states":
                self.fault(at, f"Invalid variable name '{name}'")
            if any(name in outer for outer in self.outer[:-1]):
                self.fault(at, f"The variable '{name}' is assigned in an outer scope already")
        if is_jsonata:
            return self.queries(document, "Assign", place, members=members, prefix=prefix)
        return self.template(document, "Assign", place)

    def flow(self, document: Mapping[str, JSON], place: Place, scope: _Scope, name: str) -> str | None:
        if "Next" in document and "End" in document:
            self.fault(place, "Only one of these fields is allowed: [Next, End]")
        elif "Next" not in document and "End" not in document:
            self.fault(place, "One of these fields is required: [Next, End]")
        if "End" in document and document["End"] is not True:
            self.fault((*place, "End"), "The value for the field 'End' must be true")
        return self.target(document, "Next", place, scope, name)

    def target(self, document: Mapping[str, JSON], field: str, place: Place, scope: _Scope, name: str) -> str | None:
        target = self.string(document, field, place)
        if target is not None:
            scope.transitions.append((name, (*place, field), target))
        return target

    def read_pass(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Pass:
        if "is_jsonata" not in common and "Result" in document:
            self.warn_of_paths(
                document["Result"],
                (*place, "Result"),
                "PASS_RESULT_IS_STATIC",
                "The result of a Pass state is static: a path in it is not evaluated",
            )
        return Pass(result=constant(document["Result"]) if "Result" in document else None, **common)

    def read_succeed(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Succeed:
        return Succeed(**common)

    def read_fail(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Fail:
        texts: dict[str, Any] = {}
        for name in ("Error", "Cause"):
            read = self.query(document, name, place, "string") if "is_jsonata" in common else None
            if read is None:
                self.at_most_one(document, (name, f"{name}Path"), place)
                literal = self.string(document, name, place, may_be_empty=True)
                if "is_jsonata" not in common:
                    message = f"The value looks like a path, but the field name '{name}' does not end with 'Path'"
                    self.warn_of_paths(literal, (*place, name), "NO_PATH", message)
                read = self.value(document, f"{name}Path", place) if literal is None else constant(literal)
            texts[name.lower()] = read
        return Fail(**texts, **common)

    def read_wait(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Wait:
        is_jsonata = "is_jsonata" in common
        forms = tuple(name for name in _WAITS if name in (_QUERY_FIELDS if is_jsonata else _PATH_FIELDS)["Wait"])
        if len([name for name in forms if name in document]) != 1:
            self.fault(place, f"Exactly one of these fields is required: [{', '.join(forms)}]")
        seconds = self.query(document, "Seconds", place, "number") if is_jsonata else None
        timestamp = self.query(document, "Timestamp", place, "string") if is_jsonata else None
        path = None
        if seconds is None and timestamp is None:
            literal = self.integer(document, "Seconds", place, 0, LONGEST_TIMEOUT)
            text = document.get("Timestamp")
            if "Timestamp" in document and read_timestamp(text) is None:
                self.fault(
                    (*place, "Timestamp"),
                    "The value for the field 'Timestamp' must be a valid RFC 3339 timestamp with an upper-case T "
                    "and Z or an offset",
                )
            seconds_path = self.reference(document, "SecondsPath", place)
            timestamp_path = self.reference(document, "TimestampPath", place)
            path = seconds_path or timestamp_path
            seconds = constant(literal) if literal is not None else self.read_at(seconds_path, "SecondsPath")
            timestamp = constant(text) if text is not None else self.read_at(timestamp_path, "TimestampPath")
        return Wait(seconds=seconds, timestamp=timestamp, path=path, **common)

    def read_task(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Task:
        read = self.seconds_query if "is_jsonata" in common else self.seconds
        timeout = read(document, "TimeoutSeconds", place)
        heartbeat = read(document, "HeartbeatSeconds", place)
        limit: JSON = document.get("TimeoutSeconds")
        beat: JSON = document.get("HeartbeatSeconds")
        if is_integer(limit) and is_integer(beat) and beat >= limit:
            self.fault(
                (*place, "HeartbeatSeconds"),
                "The value for the field 'HeartbeatSeconds' must be smaller than that of 'TimeoutSeconds'",
            )
        resource = self.resource(document, place)
        parameters = "Arguments" if "is_jsonata" in common else "Parameters"
        unknown = unknown_fields(resource.type, resource.name, document.get(parameters))
        for at, name in unknown if self.supports is not None else ():
            self.fault((*place, parameters, *at), f'The field "{name}" is not supported by Step Functions')
        role = self.credentials(document, place, is_jsonata="is_jsonata" in common)
        return Task(resource=resource, timeout=timeout, heartbeat=heartbeat, role=role, **common)

    def credentials(self, document: Mapping[str, JSON], place: Place, *, is_jsonata: bool) -> Expression | None:
        """Read the role that a task is done as.

        https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
        """
        given, at = document.get("Credentials"), (*place, "Credentials")
        if "Credentials" not in document:
            return None
        if not isinstance(given, dict):
            self.fault(at, "Expected value of type Object")
            return None
        self.known_fields(given, at, frozenset({"RoleArn"} if is_jsonata else {"RoleArn", "RoleArn.$"}))
        if is_jsonata:
            return self.queries(document, "Credentials", place)
        return self.template(document, "Credentials", place)

    def resource(self, document: Mapping[str, JSON], place: Place) -> TaskResource:
        arn = self.string(document, "Resource", place)
        if arn is not None:
            try:
                resource = read_resource(arn)
            except InvalidResource as error:
                self.fault((*place, "Resource"), str(error))
            else:
                if self.supports is None:
                    return resource
                if resource.type.startswith("aws-sdk:") and resource.name[:1].isupper():
                    # The actions of SDKs are in camel case.
                    self.fault((*place, "Resource"), not_recognized(arn))
                elif self.supports(arn):
                    return resource
                else:
                    self.fault((*place, "Resource"), f"The resource {arn} is not supported by pizzabar")
        return TaskResource("", "", "")

    def read_parallel(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Parallel:
        starts = []
        for index, branch in enumerate(self.array(document, "Branches", place)):
            at = (*place, "Branches", index)
            if isinstance(branch, dict):
                self.known_fields(branch, at, _BRANCH_FIELDS)
                starts.append(self.level(branch, at))
            else:
                self.fault(at, "Expected value of type Object")
        return Parallel(starts=tuple(starts), **common)

    def read_map(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Map:
        self.exactly_one(document, ("ItemProcessor", "Iterator"), place)
        self.at_most_one(document, ("ItemSelector", "Parameters"), place)
        self.at_most_one(document, ("MaxConcurrency", "MaxConcurrencyPath"), place)
        is_jsonata = "is_jsonata" in common
        start, plan, mode = "", None, INLINE
        for name in ("ItemProcessor", "Iterator"):
            processor, at = document.get(name, {}), (*place, name)
            if not isinstance(processor, dict):
                self.fault(at, "Expected value of type Object")
            elif name in document:
                self.known_fields(processor, at, _PROCESSOR_FIELDS)
                mode = self.mode(processor, at)
                start = self.processor(processor, at, is_apart=mode == DISTRIBUTED)
                if mode == DISTRIBUTED:
                    self.state_name = common["name"]
                    plan = self.plan(
                        document,
                        processor,
                        place,
                        name=common["name"],
                        language=self.language,
                        is_jsonata=is_jsonata,
                    )
        if mode == INLINE and (wrong := sorted(DISTRIBUTED_PATHS & document.keys())):
            for name in wrong:
                self.fault(place, f"Field '{name}' is not supported")
        self.state_name = common["name"]
        return Map(start=start, distributed=plan, **{**common, **self.items(document, place, is_jsonata=is_jsonata)})

    def processor(self, processor: Mapping[str, JSON], place: Place, *, is_apart: bool) -> str:
        """Read what is done with each item. Executions of their own see no variables of this one."""
        outer = self.outer
        self.outer = () if is_apart else outer
        start = self.level(processor, place)
        self.outer = outer
        return start

    def read_choice(self, document: Mapping[str, JSON], place: Place, scope: _Scope, common: Any) -> Choice:
        name, is_jsonata = common["name"], "is_jsonata" in common
        rules = []
        for index, rule in enumerate(self.array(document, "Choices", place)):
            at, prefix = (*place, "Choices", index), f"Choices[{index}]/"
            holds = self.condition(rule, at, prefix) if is_jsonata else self.rule(rule, at, is_top=True)
            if not isinstance(rule, dict):
                continue
            self.required(rule, at, ("Next",))
            target = self.target(rule, "Next", at, scope, name)
            output = self.queries(rule, "Output", at, prefix=prefix) if is_jsonata else None
            assign = self.assign(rule, at, is_jsonata=is_jsonata, prefix=prefix)
            if holds is not None and target is not None:
                rules.append(ChoiceRule(holds, target, output, assign))
        return Choice(rules=tuple(rules), next=self.target(document, "Default", place, scope, name), **common)

    def condition(self, document: JSON, place: Place, prefix: str) -> Rule | None:
        """Read the rule of a JSONata state."""
        if not isinstance(document, dict):
            self.fault(place, "Expected value of type Object")
            return None
        self.known_fields(document, place, frozenset({"Condition", "Next", "Output", "Assign", "Comment"}))
        self.required(document, place, ("Condition",))
        given = document.get("Condition")
        if isinstance(given, bool):
            return lambda scope: given
        query = self.query(document, "Condition", place, "boolean", prefix=prefix)
        if query is None and given is not None:
            self.fault((*place, "Condition"), "Expected value of type Boolean or a JSONata expression")
        return query

    # The rules of a Choice state.

    def rule(self, document: JSON, place: Place, *, is_top: bool = False) -> Rule | None:
        if not isinstance(document, dict):
            self.fault(place, "Expected value of type Object")
            return None
        operators = [name for name in document if name in choice.OPERATORS or name in _COMBINATIONS]
        if len(operators) != 1:
            self.fault(place, "Exactly one comparison operator, And, Or or Not is required")
            return None
        operator = operators[0]
        is_combination = operator in _COMBINATIONS
        known = {operator, "Comment"} | ({"Next", "Assign"} if is_top else set())
        self.known_fields(document, place, frozenset(known if is_combination else known | {"Variable"}))
        if is_combination:
            return self.combination(document, operator, place)
        self.required(document, place, ("Variable",))
        variable = self.reference(document, "Variable", place)
        wanted = document[operator]
        if operator in choice.TYPE_TESTS or operator == "IsPresent":
            if not isinstance(wanted, bool):
                self.fault((*place, operator), f"The value for the field '{operator}' must be a Boolean")
            elif variable is not None:
                test = choice.is_present if operator == "IsPresent" else partial(_has_type, operator)
                return test(variable, wanted)
            return None
        if operator not in choice.COMPARISONS:
            path = self.reference(document, operator, place)
            return None if variable is None or path is None else choice.compare_path(variable, operator, path)
        comparison = choice.COMPARISONS[operator]
        if not comparison.accepts(wanted):
            self.fault((*place, operator), f"The value for the field '{operator}' must be {comparison.expected}")
            return None
        return None if variable is None else choice.compare(variable, operator, wanted)

    def combination(self, document: Mapping[str, JSON], operator: str, place: Place) -> Rule | None:
        if operator == "Not":
            inner = self.rule(document["Not"], (*place, "Not"))
            return None if inner is None else choice.negation(inner)
        rules = [
            self.rule(rule, (*place, operator, index))
            for index, rule in enumerate(self.array(document, operator, place))
        ]
        combine = choice.conjunction if operator == "And" else choice.disjunction
        return combine([rule for rule in rules if rule is not None])

    # Retry and Catch.

    def retriers(self, document: Mapping[str, JSON], place: Place) -> tuple[Retrier, ...]:
        retriers = []
        for at, retrier, errors in self.handlers(document, "Retry", place, _RETRIER_FIELDS):
            rate = retrier.get("BackoffRate", 2.0)
            if not choice.is_number(rate) or rate < 1:
                self.fault(
                    (*at, "BackoffRate"), "The value for the field 'BackoffRate' must be a number of at least 1.0"
                )
                rate = 2.0
            jitter = retrier.get("JitterStrategy", "NONE")
            if jitter not in ("FULL", "NONE"):
                self.fault(
                    (*at, "JitterStrategy"),
                    "The value for the field 'JitterStrategy' must be one of these values: [FULL, NONE]",
                )
            interval = self.integer(retrier, "IntervalSeconds", at, 1, LONGEST_TIMEOUT)
            attempts = self.integer(retrier, "MaxAttempts", at, 0, LONGEST_TIMEOUT)
            max_delay = self.integer(retrier, "MaxDelaySeconds", at, 1, 31_622_399)
            retriers.append(
                Retrier(
                    errors,
                    1 if interval is None else interval,
                    3 if attempts is None else attempts,
                    float(rate),
                    max_delay,
                    jitter == "FULL",
                )
            )
        return tuple(retriers)

    def catchers(
        self, document: Mapping[str, JSON], place: Place, scope: _Scope, name: str, language: str
    ) -> tuple[Catcher, ...]:
        catchers = []
        members, is_jsonata = frozenset({"errorOutput"}), language == JSONATA
        for index, (at, catcher, errors) in enumerate(
            self.handlers(document, "Catch", place, _CATCHER_FIELDS[language])
        ):
            self.required(catcher, at, ("Next",))
            target = self.target(catcher, "Next", at, scope, name)
            prefix = f"Catch[{index}]/"
            output = self.queries(catcher, "Output", at, members=members, prefix=prefix) if is_jsonata else None
            assign = self.assign(catcher, at, is_jsonata=is_jsonata, members=members, prefix=prefix)
            result_path = None if is_jsonata else self.result_path(catcher, at)
            catchers.append(Catcher(errors, target or "", result_path, output, assign))
        return tuple(catchers)

    def handlers(
        self,
        document: Mapping[str, JSON],
        field: str,
        place: Place,
        known: frozenset[str],
    ) -> Iterator[tuple[Place, Mapping[str, JSON], tuple[str, ...]]]:
        """Give the retriers or catchers of a state: where each stands, and the errors it names."""
        handlers = self.array(document, field, place, may_be_empty=True)
        for index, handler in enumerate(handlers):
            at = (*place, field, index)
            if not isinstance(handler, dict):
                self.fault(at, "Expected value of type Object")
                continue
            self.known_fields(handler, at, known)
            self.required(handler, at, ("ErrorEquals",))
            errors = self.array(handler, "ErrorEquals", at)
            if not all(isinstance(error, str) for error in errors):
                self.fault((*at, "ErrorEquals"), "Expected value of type Array of String")
                continue
            if ALL in errors and (len(errors) > 1 or index < len(handlers) - 1):
                self.fault(
                    (*at, "ErrorEquals"),
                    f"{ALL} must appear alone in its ErrorEquals array and in the last element of {field}",
                )
            yield at, handler, tuple(errors)


def _has_type(operator: str, variable: Path, wanted: bool) -> Rule:
    return choice.has_type(variable, operator, wanted)


def _variable_name(key: str) -> str:
    return key.removesuffix(".$")


def _assigned(states: Mapping[str, JSON]) -> frozenset[str]:
    """Give the variables that the states of one level set."""
    owners = [
        owner
        for state in states.values()
        if isinstance(state, dict)
        for owner in (state, *_objects(state.get("Choices")), *_objects(state.get("Catch")))
    ]
    return frozenset(
        _variable_name(key) for owner in owners if isinstance(owner.get("Assign"), dict) for key in owner["Assign"]
    )


def _objects(value: JSON) -> list[JSON]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
