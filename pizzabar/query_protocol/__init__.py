"""The query protocol: parameters as a form, results as XML or JSON. Pure.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""
