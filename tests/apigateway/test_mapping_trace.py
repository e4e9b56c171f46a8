"""The trace of a rendering: the pieces of its output, what was done for it, and why it failed."""

import json

import pytest
from hypothesis import given, settings

from pizzabar.apigateway.mapping_template import (
    FaultyTemplate,
    MappingTemplateError,
    Variables,
    compile_template,
    trace,
)
from pizzabar.apigateway.mapping_trace import Evaluation, Origin, Piece, Step, TemplateFault, Trace
from tests.apigateway.template_strategies import BODY, templates

ORDER = Variables(body='{"size": "L", "toppings": ["olive", "basil"]}', context={"stage": "api"})


def test_a_piece_tells_where_it_comes_from_and_with_which_value() -> None:
    assert trace('#set($n = 2){"id": "$context.stage"}', ORDER) == Trace(
        '{"id": "api"}',
        pieces=(
            Piece("text", 0, 8, '{"id": "', Origin(12, 20, 1, 13, '{"id": "'), (), None),
            Piece(
                "reference",
                8,
                11,
                "api",
                Origin(20, 34, 1, 21, "$context.stage"),
                (Evaluation(Origin(20, 34, 1, 21, "$context.stage"), "api", "java.lang.String"),),
                None,
            ),
            Piece("text", 11, 13, '"}', Origin(34, 36, 1, 35, '"}'), (), None),
        ),
        steps=(Step("set", Origin(0, 12, 1, 1, "#set($n = 2)"), 2, (), None),),
    )


# What was done: the kind, how it is written, the outcome, the values that were asked for, the step it is a part of.
@pytest.mark.parametrize(
    ("template", "steps"),
    [
        ("#set($x = $context.stage)", [("set", "#set($x = $context.stage)", "api", {"$context.stage": "api"}, None)]),
        ("#set($x = $nope)", [("set", "#set($x = $nope)", None, {"$nope": None}, None)]),
        (
            '#set($x = "at $context.stage")',
            [("set", '#set($x = "at $context.stage")', "at api", {"$context.stage": "api"}, None)],
        ),
        (
            "#if($context.stage == 'x')a#elseif($context.nope)b#{else}c#end",
            [
                ("if", "#if($context.stage == 'x')", False, {"$context.stage": "api"}, None),
                ("elseif", "#elseif($context.nope)", False, {"$context.nope": None}, None),
                ("else", "#{else}", True, {}, None),
            ],
        ),
        (
            "#if($context.stage || $nope)a#{else}b#end",
            [("if", "#if($context.stage || $nope)", True, {"$context.stage": "api"}, None)],
        ),
        (
            "#foreach($i in $input.path('$.toppings'))#if($foreach.last)#break#end#end",
            [
                (
                    "foreach",
                    "#foreach($i in $input.path('$.toppings'))",
                    2,
                    {"$input.path('$.toppings')": ["olive", "basil"]},
                    None,
                ),
                ("iteration", "#foreach($i in $input.path('$.toppings'))", "olive", {}, 0),
                ("if", "#if($foreach.last)", False, {"$foreach.last": False}, 1),
                ("iteration", "#foreach($i in $input.path('$.toppings'))", "basil", {}, 0),
                ("if", "#if($foreach.last)", True, {"$foreach.last": True}, 3),
                ("break", "#break", None, {}, 4),
            ],
        ),
        (
            "#macro(m $a)#set($b = $a)#end#m($context.stage)",
            [
                ("macro", "#m($context.stage)", "m", {"$context.stage": "api"}, None),
                ("set", "#set($b = $a)", "api", {"$a": "api"}, 0),
            ],
        ),
        (
            "#define($d)$context.stage#end#stop",
            [("define", "#define($d)", "d", {}, None), ("stop", "#stop", None, {}, None)],
        ),
        (
            "#set($x = 1.5)#set($y = {'a': [1, true, null]})",
            [
                ("set", "#set($x = 1.5)", 1.5, {}, None),
                ("set", "#set($y = {'a': [1, true, null]})", {"a": [1, True, None]}, {}, None),
            ],
        ),
        ("#set($x = $input)", [("set", "#set($x = $input)", "$input", {"$input": "$input"}, None)]),
    ],
)
def test_a_step_tells_what_was_done_and_why(template: str, steps: list[tuple[object, ...]]) -> None:
    told = [
        (
            step.kind,
            step.template.source,
            step.outcome,
            {value.reference.source: value.value for value in step.values},
            step.within,
        )
        for step in trace(template, ORDER).steps
    ]
    assert told == steps


def test_a_piece_is_part_of_the_iteration_and_the_branch_it_was_printed_in() -> None:
    told = trace("#foreach($i in [1..2])#if($i == 2)$i#end;#end", ORDER)
    assert [(piece.text, piece.within) for piece in told.pieces] == [(";", 1), ("2", 4), (";", 3)]


def test_what_a_reference_is_asked_with_is_told_before_it() -> None:
    (piece,) = trace("$context.get($context.key)", Variables(context={"key": "stage", "stage": "api"})).pieces
    assert [(value.reference.source, value.value) for value in piece.values] == [
        ("$context.key", "stage"),
        ("$context.get($context.key)", "api"),
    ]


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("[$context.nope]", [("text", "[", "["), ("reference", "", "$context.nope"), ("text", "]", "]")]),
        ("$nope $!nope", [("reference", "$nope", "$nope"), ("text", " ", " "), ("reference", "", "$!nope")]),
        ("\\$context.stage", [("reference", "$context.stage", "$context.stage")]),
        ("\\\\$context.stage", [("reference", "\\api", "$context.stage")]),
        ("a#[[$x]]#b", [("text", "a", "a"), ("text", "$x", "#[[$x]]#"), ("text", "b", "b")]),
        ("a #* c *#b", [("text", "a ", "a "), ("text", "b", "b")]),
        ("\\#if x", [("text", "#if", "\\#if"), ("text", " x", " x")]),
        ("#define($d)a$context.stage#end$d", [("reference", "aapi", "$d")]),
    ],
)
def test_pieces_of_what_is_not_printed_as_it_is_written(template: str, texts: list[tuple[str, str, str]]) -> None:
    told = trace(template, ORDER)
    assert [(piece.kind, piece.text, piece.template.source) for piece in told.pieces] == texts


def test_places_in_a_string_are_those_of_the_template() -> None:
    (step,) = trace('#set($x = "it""s\n\\u0041 $context.stage")', ORDER).steps
    assert step.outcome == 'it"s\nA api'
    assert [value.reference for value in step.values] == [Origin(24, 38, 2, 8, "$context.stage")]


def test_a_template_that_cannot_be_read_has_its_faults_told() -> None:
    assert trace("a\n#if($x", Variables()) == Trace(
        "",
        faults=(
            TemplateFault(2, 7, ") is expected, not the end"),
            TemplateFault(2, 1, "#if has no #end"),
        ),
    )


def test_a_rendering_that_fails_is_told_until_then() -> None:
    told = trace("a $context.stage\n$input.body.substring(900)", ORDER)
    assert told.output == "a api\n"
    assert [piece.text for piece in told.pieces] == ["a ", "api", "\n"]
    assert [(fault.line, fault.column) for fault in told.faults] == [(2, 13)]
    assert "java.lang.StringIndexOutOfBoundsException" in told.faults[0].message


def test_a_large_value_is_told_in_part() -> None:
    (piece,) = trace("$input.body", Variables(body="x" * 5000)).pieces
    assert piece.values[0].value == "x" * 1000 + "…"
    (step,) = trace("#set($x = [1..5000])", ORDER).steps
    assert step.outcome == [*range(1, 51), "…"]


def test_a_trace_has_bounds() -> None:
    told = trace("#foreach($i in [1..200000])$i#end", ORDER)
    assert [fault.message for fault in told.faults] == ["a trace may have at most 50000 records"]
    assert "".join(piece.text for piece in told.pieces) == told.output


def test_a_trace_is_a_json_document() -> None:
    document = trace("#set($x = 1)$x#if($x", ORDER).document()
    assert document == {
        "output": "",
        "pieces": [],
        "steps": [],
        "faults": [
            {"line": 1, "column": 21, "message": ") is expected, not the end"},
            {"line": 1, "column": 15, "message": "#if has no #end"},
        ],
    }
    (piece,) = trace("$context.stage", ORDER).document()["pieces"]
    origin = {"start": 0, "end": 14, "line": 1, "column": 1, "source": "$context.stage"}
    assert piece == {
        "kind": "reference",
        "start": 0,
        "end": 3,
        "text": "api",
        "template": origin,
        "values": [{"reference": origin, "value": "api", "type": "java.lang.String"}],
        "within": None,
    }


@settings(max_examples=300, deadline=None)
@given(templates)
def test_the_pieces_joined_are_the_output(template: str) -> None:
    told = trace(template, Variables(body=BODY))

    assert "".join(piece.text for piece in told.pieces) == told.output
    assert all(told.output[piece.start : piece.end] == piece.text for piece in told.pieces)
    assert all(template[p.template.start : p.template.end] == p.template.source for p in told.pieces)
    assert all(step.within is None or step.within < index for index, step in enumerate(told.steps))
    assert json.loads(json.dumps(told.document())) == told.document()


@settings(max_examples=300, deadline=None)
@given(templates)
def test_a_trace_prints_what_the_rendering_without_one_prints(template: str) -> None:
    told = trace(template, Variables(body=BODY))
    try:
        output = compile_template(template).render(Variables(body=BODY))
    except FaultyTemplate as faulty:
        plain = ("", [(place.line, place.column) for place in faulty.places])
    except MappingTemplateError as error:
        plain = (told.output, [(error.place.line, error.place.column)])
    else:
        plain = (output, [])
    assert (told.output, [(fault.line, fault.column) for fault in told.faults]) == plain
