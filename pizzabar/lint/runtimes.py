"""Runtimes out of support."""

from collections.abc import Iterator
from datetime import date

from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject

DEPRECATED = {
    "nodejs": date(2016, 10, 31),
    "nodejs4.3": date(2020, 3, 5),
    "nodejs6.10": date(2019, 8, 12),
    "nodejs8.10": date(2020, 3, 6),
    "nodejs10.x": date(2021, 7, 30),
    "nodejs12.x": date(2023, 3, 31),
    "nodejs14.x": date(2023, 12, 4),
    "nodejs16.x": date(2024, 6, 12),
    "nodejs18.x": date(2025, 9, 1),
    "nodejs20.x": date(2026, 4, 30),
    "nodejs22.x": date(2027, 4, 30),
    "nodejs24.x": date(2028, 4, 30),
    "python2.7": date(2021, 7, 15),
    "python3.6": date(2022, 7, 18),
    "python3.7": date(2023, 12, 4),
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
"""When the support of a runtime ends: for those still supported, when AWS expects it to.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"""


def check(subject: Subject) -> Iterator[Finding]:
    """Find functions of runtimes that are out of support on the day."""
    for function in subject.of("AWS::Lambda::Function"):
        runtime = function.properties.get("Runtime")
        end = DEPRECATED.get(str(runtime))
        if end is not None and end <= subject.today:
            why = f"{runtime} is out of support since {end}: AWS patches it no more, and will refuse to deploy it"
            yield subject.found("PB401", function, ("Runtime",), why)
