"""
Projection expressions: which attributes of an item are wanted.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

from functools import lru_cache

from pizzabar.dynamodb.document_paths import PathsCollide, PathTree, path_tree
from pizzabar.dynamodb.expression_parser import Expression, Parser, Rank


@lru_cache(maxsize=512)
def parse_projection(parameter: str, text: str, names: tuple[tuple[str, str], ...]) -> Expression[PathTree]:
    """Read a projection expression. Raise ``ValidationException`` when it is none."""
    parser = Parser(parameter, text, dict(names))
    paths = [parser.path()]
    while parser.take(","):
        paths.append(parser.path())
    tree: PathTree = {}
    try:
        tree = path_tree(paths)
    except PathsCollide as collision:
        parser.fault(Rank.PATHS, str(collision))
    return parser.finish(tree)
