"""Every single-statement mutant of some programs, made inside the sandbox.

Reads `job['programs']` ([{prompt, solution}]) and leaves `result`, a list for each of {start, end, text, line, what}:
`text` replaces code points [start, end) of the solution, and `line` is the statement's own in prompt + solution.
"""

import ast
import copy

COMPARISONS = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.BitXor: [ast.BitAnd],
    ast.LShift: [ast.RShift],
    ast.RShift: [ast.LShift],
}
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)


def changes(node):
    """(what, function that makes the change in a copy of the expression) for one expression."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), []):
            yield 'comparison', lambda copied, other=other: setattr(copied, 'ops', [other()])
    if isinstance(node, ast.BinOp):
        for other in OPERATORS.get(type(node.op), []):
            yield 'operator', lambda copied, other=other: setattr(copied, 'op', other())
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield 'connective', lambda copied: setattr(copied, 'op', other())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield 'constant', lambda copied: setattr(copied, 'value', copied.value + 1)
        yield 'constant', lambda copied: setattr(copied, 'value', copied.value - 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield 'constant', lambda copied: setattr(copied, 'value', not copied.value)


def heads_of(statement):
    """Top expressions of a statement's own head."""
    for field, value in ast.iter_fields(statement):
        if field in ('body', 'orelse', 'finalbody', 'handlers', 'cases', 'decorator_list', 'args', 'returns'):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.expr):
                yield part


def mutants_of(prompt, solution):
    source = prompt + solution
    lines = source.split('\n')
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def point(line, column):
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = []
    first = source[: len(prompt)].count('\n') + 1

    def add(statement, node, text, what):
        start, end = point(node.lineno, node.col_offset), point(node.end_lineno, node.end_col_offset)
        if start < len(prompt) or source[start:end] == text:
            return
        mutant = source[:start] + text + source[end:]
        try:
            compile(mutant, '<mutant>', 'exec')
        except SyntaxError:
            return
        found.append(
            {'start': start - len(prompt), 'end': end - len(prompt), 'text': text, 'line': statement.lineno, 'what': what}
        )

    for statement in ast.walk(ast.parse(source)):
        if not isinstance(statement, ast.stmt) or statement.lineno < first:
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        for head in heads_of(statement):
            for node in ast.walk(head):
                for what, change in changes(node):
                    copied = copy.deepcopy(node)
                    change(copied)
                    # Brackets keep its place among its neighbours.
                    add(statement, node, '(' + ast.unparse(copied) + ')', what)
        if isinstance(statement, (ast.If, ast.While)):
            add(statement, statement.test, f'not ({ast.unparse(statement.test)})', 'condition')
        if isinstance(statement, ast.AugAssign):
            for other in OPERATORS.get(type(statement.op), []):
                copied = copy.deepcopy(statement)
                copied.op = other()
                add(statement, statement, ast.unparse(copied), 'operator')
        if isinstance(statement, SIMPLE):
            add(statement, statement, 'pass', 'dropped')
        if isinstance(statement, ast.Return) and statement.value is not None:
            add(statement, statement, 'return None', 'return')
    return found


result = [mutants_of(one['prompt'], one['solution']) for one in job['programs']]
