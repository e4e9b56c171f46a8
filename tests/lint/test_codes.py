"""
The README's table of codes.

``python -m tests.lint.test_codes`` writes it into the README.
"""

from pathlib import Path

from pizzabar.lint.codes import CODES

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- codes -->\n", "<!-- end of codes -->\n"


def table() -> str:
    rows = [f"| `{each.code}` | {each.severity} | {each.title} |\n" for each in CODES.values()]
    return "".join(["| code | | what is found |\n|---|---|---|\n", *rows])


def split() -> tuple[str, str, str]:
    """Give what stands before, between and after the marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between, after


def test_the_table_tells_what_is_there() -> None:
    assert split()[1] == table()


def test_what_is_to_be_done_is_one_sentence() -> None:
    for code in CODES.values():
        assert code.mend.endswith("."), code.code
        assert not code.title.endswith("."), code.code
        assert code.url.startswith("https://docs.aws.amazon.com/"), code.code


if __name__ == "__main__":
    before, _, after = split()
    README.write_text(before + BEGIN + table() + END + after)
