"""Mapping templates as API Gateway renders them: the variables, the templates of a whole WebSocket API, the trace."""

import json

import pytest

from pizzabar.apigateway.mapping_template import (
    FaultyTemplate,
    MappingTemplateError,
    Variables,
    compile_template,
)

BODY = '{"a":{"b":[1,2.0,{"c":"x/y"}]},"s":"it\'s","n":null,"t":true,"big":12345678.5}'

ORDER = Variables(
    body=BODY,
    context={
        "connectionId": "L0SM9cOFvHcCIhw=",
        "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
        "stage": "api",
        "requestTimeEpoch": 1652722217711,
        "identity": {"sourceIp": "192.0.2.1"},
    },
    params={"header": {"Host": "example.com", "X-Trace": "1"}, "querystring": {"foo": "bar"}},
    stage_variables={"table": "orders"},
)


def render(template: str, variables: Variables = ORDER) -> str:
    return compile_template(template).render(variables)


# The three templates of a WebSocket API whose orders start executions, as a folded YAML scalar hands them over.

START_EXECUTION = (
    r"""#set($sfn_input=$util.escapeJavaScript($input.body).replaceAll("\\'","'"))"""
    "\n"
    r"""{
  "input": "{\"data\":$sfn_input, \"connectionId\":\"$context.connectionId\"}",
  "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:X"
}
"""
)

PUT_SESSION = """#set($ttl = $context.requestTimeEpoch + 86400)
{
  "TableName": "Sessions",
  "Item": {
    "connectionId": {"S": "$context.connectionId"},
    "domainName": {"S": "$context.domainName"},
    "stage": {"S": "$context.stage"},
    "headers": {"S": "$input.params().get('header')"},
    "querystring": {"S": "$input.params().get('querystring')"},
    "ttl": {"N": "$ttl"},
    "orderId" : {"S": ""}
  }
}
"""

DELETE_SESSION = """{ "TableName": "Sessions", "Key": { "connectionId": { "S": "$context.connectionId" } } }
"""


def test_an_order_starts_an_execution() -> None:
    variables = Variables(body='{"pizza":"it\'s \\"hot\\"","n":1}', context={"connectionId": "abc="})

    text = render(START_EXECUTION, variables)

    assert text == (
        "{\n"
        r'  "input": "{\"data\":{\"pizza\":\"it'
        "'"
        r's \\\"hot\\\"\",\"n\":1}, \"connectionId\":\"abc=\"}",'
        "\n"
        '  "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:X"\n'
        "}\n"
    )
    assert json.loads(json.loads(text)["input"]) == {
        "data": {"pizza": 'it\'s "hot"', "n": 1},
        "connectionId": "abc=",
    }


def test_a_template_folded_into_one_line_keeps_the_blank_after_set() -> None:
    folded = START_EXECUTION.replace("\n{", " {")
    assert render(folded, Variables(body="{}")).startswith(' {\n  "input"')


def test_a_connection_is_put_into_the_sessions_table() -> None:
    assert render(PUT_SESSION) == (
        "{\n"
        '  "TableName": "Sessions",\n'
        '  "Item": {\n'
        '    "connectionId": {"S": "L0SM9cOFvHcCIhw="},\n'
        '    "domainName": {"S": "abc123.execute-api.us-east-1.amazonaws.com"},\n'
        '    "stage": {"S": "api"},\n'
        '    "headers": {"S": "{Host=example.com, X-Trace=1}"},\n'
        '    "querystring": {"S": "{foo=bar}"},\n'
        '    "ttl": {"N": "1652722304111"},\n'
        '    "orderId" : {"S": ""}\n'
        "  }\n"
        "}\n"
    )


def test_a_connection_is_deleted_from_the_sessions_table() -> None:
    assert render(DELETE_SESSION) == (
        '{ "TableName": "Sessions", "Key": { "connectionId": { "S": "L0SM9cOFvHcCIhw=" } } }\n'
    )


# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$context.connectionId", "L0SM9cOFvHcCIhw="),
        ("${context.connectionId}", "L0SM9cOFvHcCIhw="),
        ("$context.identity.sourceIp", "192.0.2.1"),
        ("$context.requestTimeEpoch", "1652722217711"),
        ("#set($t = $context.requestTimeEpoch + 86400)$t", "1652722304111"),
        ("#set($t = $context.requestTimeEpoch / 1000)$t", "1652722217"),
        ("$context.get('stage')", "api"),
        ("$context['stage']", "api"),
        ("$stageVariables.table", "orders"),
        ("$stageVariables['table']", "orders"),
        ("${stageVariables['table']}", "orders"),
        ("$input.body", BODY),
        ("$input.json('$')", BODY),
        ("$input.json()", BODY),
        ("$input.json('$.a.b')", '[1,2.0,{"c":"x/y"}]'),
        ("$input.json('$.s')", '"it\'s"'),
        ("$input.json('$.n')", "null"),
        ("$input.json('$.t')", "true"),
        ("$input.json('$.missing')", '""'),
        ("$input.json('$..c')", '["x/y"]'),
        ("$input.path('$.s')", "it's"),
        ("$input.path('$.s').length()", "4"),
        ("$input.path('$').a.b[2].c", "x/y"),
        ("$input.path('$.a.b').size()", "3"),
        ("$input.path('$.a.b')", '[1,2.0,{"c":"x/y"}]'),
        ("$input.path('$.a')", '{b=[1,2.0,{"c":"x/y"}]}'),
        ("$input.path('$.big')", "1.23456785E7"),
        ("#foreach($item in $input.path('$.a.b'))$item;#end", "1;2.0;{c=x/y};"),
        ("$input.params('foo')", "bar"),
        ("$input.params('Host')", "example.com"),
        ("$input.params('nope')", ""),
        ("$input.params().header.Host", "example.com"),
        ("$input.params().get('querystring').get('foo')", "bar"),
        ("$input.params().path", "{}"),
        ("$util.urlEncode('a b&é~*')", "a+b%26%C3%A9%7E*"),
        ("$util.urlDecode('a+b%26')", "a b&"),
        ("$util.base64Encode('hé')", "aMOp"),
        ("$util.base64Decode('aMOp')", "hé"),
        ("$util.parseJson($input.body).a.b[0]", "1"),
        ("$util.parseJson('[1, 2]').size()", "2"),
        ("$util.parseJson('\"x\"')", "x"),
    ],
)
def test_variables(template: str, text: str) -> None:
    assert render(template) == text


# Observed on API Gateway: what is not there prints nothing, unlike in plain Velocity.
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("[$context.authorizer.claims.sub]", "[]"),
        ("[$input.path('$.missing')]", "[]"),
        ("[$input.path('$').missing.more]", "[]"),
        ("#set($root = $input.path('$'))[$root.missing]", "[]"),
        ("#set($x = $input.path('$.missing'))[$x]", "[]"),
        ("[$stageVariables.nope]", "[]"),
        ("[$nobody.knows]", "[$nobody.knows]"),
        ("#if($input.path('$.missing') && $input.path('$.missing') != '')yes#{else}no#end", "no"),
    ],
)
def test_a_variable_of_aws_without_a_value_prints_nothing(template: str, text: str) -> None:
    assert render(template) == text


# https://commons.apache.org/proper/commons-lang/javadocs/api-2.6/org/apache/commons/lang/StringEscapeUtils.html
@pytest.mark.parametrize(
    ("body", "escaped"),
    [
        ("plain text", "plain text"),
        ("it's", r"it\'s"),
        ('{"a":1}', r"{\"a\":1}"),
        ("a\\b", r"a\\b"),
        ("a/b", r"a\/b"),
        ("a\nb\tc\rd\be\ff", r"a\nb\tc\rd\be\ff"),
        ("\x01\x1f", r"\u0001\u001F"),
        ("\x7f", "\x7f"),
        ("café €", r"caf\u00E9 \u20AC"),
        ("😀", r"\uD83D\uDE00"),
        ("<&>", "<&>"),
    ],
)
def test_escape_java_script(body: str, escaped: str) -> None:
    assert render("$util.escapeJavaScript($input.body)", Variables(body=body)) == escaped


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.json('$')", "{}"),
        ("[$input.path('$')]", "[]"),
        ("[$input.body]", "[]"),
        ("$input.params()", "{path={}, querystring={}, header={}}"),
    ],
)
def test_an_empty_message(template: str, text: str) -> None:
    assert render(template, Variables()) == text


def test_a_template_does_not_change_what_it_is_handed() -> None:
    context = {"stage": "api", "identity": {"sourceIp": "192.0.2.1"}, "list": [1, 2]}

    text = render(
        "#set($context.identity.sourceIp = 'x')#set($y = $context.put('a', 1))$!y$context",
        Variables(context=context),
    )

    assert text == "{stage=api, identity={sourceIp=x}, list=[1, 2], a=1}"
    assert render("$context.list.retainAll([1])$context.list", Variables(context=context)) == "true[1]"
    assert context == {"stage": "api", "identity": {"sourceIp": "192.0.2.1"}, "list": [1, 2]}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "a\n $input.body.substring(900)",
            "Invocation of method 'substring' in  class java.lang.String threw exception "
            "java.lang.StringIndexOutOfBoundsException: begin 900, end 77, length 77 at line 2, column 14",
        ),
        (
            "$input.path('$.a.b')[3]",
            "java.lang.IndexOutOfBoundsException: Index 3 out of bounds for length 3 at line 1, column 21",
        ),
        ("$util.toJson($input.body)", "java.lang.UnsupportedOperationException: $util.toJson is not supported"),
        ("$input.body.getBytes()", "java.lang.String.getBytes is not supported"),
        ("$input.body.class", "java.lang.String.class is not supported"),
        ("$input", "this object cannot be printed at line 1, column 1"),
        ("$input.json('$[')", "com.jayway.jsonpath.InvalidPathException"),
        ("#set($l = [1, 2])#foreach($i in $l)$l.add(3)#end", "java.util.ConcurrentModificationException"),
        ("#set($l = [1])#foreach($i in $l)$l.add(3)#end", "java.util.ConcurrentModificationException"),
        ("#set($m = {'a': 1, 'b': 2})#foreach($i in $m)#set($m.c = 3)#end", "ConcurrentModificationException"),
        ("$util.parseJson('{')", "com.jayway.jsonpath.InvalidJsonException"),
        ("$util.base64Decode('a')", "java.lang.IllegalArgumentException"),
        ("$input.body.replaceAll('(', '')", "java.util.regex.PatternSyntaxException"),
        ("$input.body.replaceAll('a', '$1')", "java.lang.IndexOutOfBoundsException: No group 1"),
        ("$input.body.contains($nope)", "java.lang.NullPointerException"),
    ],
)
def test_a_failure_is_told_with_its_place(template: str, message: str) -> None:
    with pytest.raises(MappingTemplateError) as caught:
        render(template)
    assert message in str(caught.value)
    assert caught.value.place is not None


def test_a_body_that_is_not_json_fails_where_json_is_asked_for() -> None:
    variables = Variables(body="hello")
    assert render("$input.body", variables) == "hello"
    with pytest.raises(MappingTemplateError, match="InvalidJsonException"):
        render("$input.json('$')", variables)


@pytest.mark.parametrize(
    "template",
    [
        "#foreach($a in [1..9999])#foreach($b in [1..9999])#end#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = \"$x$x\")#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x + $x)#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x.concat($x))#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x.replace('a', $x))#end",
        "#set($x = 'ab')#foreach($i in [1..60])#set($x = $x.replaceAll('a', $x))#end",
        "#set($x = 7)#foreach($i in [1..60])#set($x = $x * $x)#end",
        "#set($x = [1])#foreach($i in [1..60])#set($y = $x.addAll($x))#end",
        "#set($x = [1])#foreach($i in [1..60])#set($x = [$x, $x])#end$x",
        "#set($x = {})#set($x.a = [$x])$x",
        "#foreach($i in [1..999999999])#end",
        "#macro(m)#m()#end#m()",
        "#define($d)$d#end$d",
        "#foreach($i in [1..1000000])0123456789012345678901234567890123456789#end",
        "#foreach($i in [1..100000])#set($x = [1..100000])#end",
        "#set($x = [1..100000])#foreach($i in $x)#foreach($j in $x)#break#end#end",
        "#set($x = 'abcdefgh')#foreach($i in [1..200000])#if($i < 20)#set($x = $x + $x)#end$!x.contains('z')#end",
        "#set($x = [1..100000])#foreach($i in [1..100000])#if($x == [$x])#end#end",
        "#set($x = '0123456789')#foreach($i in [1..18])#set($x = $x + $x)#end" + "$x" * 100,
    ],
)
def test_a_rendering_has_bounds(template: str) -> None:
    with pytest.raises(MappingTemplateError) as caught:
        render(template)
    assert caught.value.place.column > 0


def test_a_template_of_more_than_300_kilobytes_is_refused() -> None:
    with pytest.raises(FaultyTemplate, match="at most 307200 bytes"):
        compile_template("x" * (300 * 1024 + 1))
