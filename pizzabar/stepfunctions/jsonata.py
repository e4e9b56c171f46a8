"""
JSONata, the second query language: it has its place here, and is refused by name.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

QUERY_LANGUAGES = ("JSONPath", "JSONata")
NOT_SUPPORTED = "The query language JSONata is not supported by pizzabar"
