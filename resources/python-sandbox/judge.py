"""Judges one program by its unit tests: the half of the tests critic that runs inside the sandbox.

`prepare` compiles the program (prompt + response), the tests and `check(entry_point)`, which child.mjs then runs.
`explain` runs the tests once more, each assertion as a test of its own, with the lines that it passes through, and ranks
the statements of the response (Ochiai, Abreu et al. 2006). Positions are code points of the response, half-open.
"""

import ast
import builtins
import bisect
import collections
import copy
import dataclasses
import datetime
import functools
import hashlib
import heapq
import itertools
import json
import math
import operator
import os
import random
import re
import string
import sys
import types
import typing
import warnings

ANSWER = '<answer>'
TESTS = '<tests>'
TOOL = 4

# Kept before a program can replace them.
_compile, _exec, _open, _json = compile, exec, open, json
_job = {}


class Lines:
    """Lines of a text as Python counts them, and code points of its positions."""

    def __init__(self, text):
        self.text = text
        self.starts = [0] + [found.end() for found in re.finditer(r'\r\n|\r|\n', text)]

    def line(self, number):
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[start:end]

    def of_bytes(self, number, column):
        """`column` counts bytes of UTF-8, as in `ast`."""
        head = self.line(number).encode('utf-8', 'surrogatepass')[:column]
        return self.starts[number - 1] + len(head.decode('utf-8', 'ignore'))

    def number_of(self, point):
        return bisect.bisect_right(self.starts, point)


# Read by the child process, which runs them one after the other in `space`; `error` is what it leaves of a failure.
program = tests = check = space = error = None
_watching = False


def prepare():
    """Reads the job and compiles it. Leaves a verdict if that already decides."""
    global _job, program, tests, check, space, _watching
    with _open('/job.json', encoding='utf-8') as file:
        _job = _json.load(file)
    # A program must not find its tests, or its judge, by looking around.
    os.remove('/job.json')
    sys.modules.pop('judge', None)
    if 'script' in _job:
        values = {'job': _job}
        _exec(_compile(_job['script'], '<script>', 'exec'), values)
        return _leave({'verdict': 'pass', 'value': values['result']})
    warnings.simplefilter('ignore')
    space = _fresh()
    try:
        program = _compile(_source(), ANSWER, 'exec', dont_inherit=True)
    except BaseException as error:
        return _leave({'verdict': 'fail', 'failure': _described(error, 'program')})
    try:
        tests = _compile(_job['test'], TESTS, 'exec', dont_inherit=True)
        check = _compile(f'check({_job["entryPoint"]})', '<check>', 'exec')
    except BaseException as error:
        return _leave({'verdict': 'fail', 'failure': _described(error, 'tests')})
    sys.addaudithook(_refuse)
    _watching = True
    _leave({})


def _refuse(event, values):
    """Tracing can skip an assertion, and the collector's lists lead to everything: a program does without."""
    if _watching and event in _refused:
        raise PermissionError(f'{event} is not available to programs that are tested')


_refused = frozenset(
    ('sys.settrace', 'sys.setprofile', 'sys.monitoring.register_callback', 'gc.get_objects', 'gc.get_referrers')
    + ('gc.get_referents', 'sys._current_frames', 'sys._current_exceptions', 'cpython.remote_debugger_script')
)


def describe():
    """Leaves what is known of `error`."""
    global _watching
    _watching = False
    _leave({'verdict': 'fail', 'failure': _described(error, 'check')})


def _leave(result):
    with _open('/result.json', 'w', encoding='utf-8') as file:
        _json.dump(result, file)


def _fresh():
    module = types.ModuleType('__main__')
    sys.modules['__main__'] = module
    return module.__dict__


def _source():
    return _job['prompt'] + _job['response']


def _described(error, stage):
    return {
        'stage': stage,
        'error': type(error).__name__,
        'message': _message_of(error, 200),
        'line': _line_in_answer(error),
        'syntax': _syntax_of(error) if stage == 'program' else None,
    }


def _message_of(error, most):
    try:
        return _short(str(error.msg if isinstance(error, SyntaxError) else error), most)
    except BaseException:
        return ''


def _short(text, most):
    return text if len(text) <= most else text[: most - 1] + '…'


def _line_in_answer(error):
    """Line of the program that was running when the error arose, or None: an assertion of the tests that fails is none."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == ANSWER:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _syntax_of(error):
    """The range of a syntax error in the response, if the program has no other kind."""
    source = _source()
    lines = Lines(source)
    if '\0' in source:
        start = source.index('\0')
        end = start + 1
    elif isinstance(error, SyntaxError) and error.filename == ANSWER and error.lineno:
        number = min(max(error.lineno, 1), len(lines.starts))
        start = lines.starts[number - 1] + max((error.offset or 1) - 1, 0)
        last = min(error.end_lineno or number, len(lines.starts)) if (error.end_lineno or 0) >= number else number
        end = lines.starts[last - 1] + max((error.end_offset or 0) - 1, 0)
    elif isinstance(error, UnicodeEncodeError):
        start, end = error.start, error.end
    else:
        return None
    return _in_response(start, end, widen=True)


def _in_response(start, end, widen=False):
    """A range of the program as one of the response: cut, without blanks at its ends; None if nothing is left."""
    before = len(_job['prompt'])
    response = _job['response']
    start, end = max(start - before, 0), min(end - before, len(response))
    while start < end and response[start].isspace():
        start += 1
    while end > start and response[end - 1].isspace():
        end -= 1
    if start < end:
        return [start, end]
    if not widen:
        return None
    # The line that it stands on, or the last one that holds something.
    lines = Lines(response)
    number = lines.number_of(min(start, len(response)))
    for candidate in [number, *range(number - 1, 0, -1), *range(number + 1, len(lines.starts) + 1)]:
        line = lines.line(candidate)
        if line.strip():
            first = lines.starts[candidate - 1] + len(line) - len(line.lstrip())
            return [first, first + len(line.strip())]
    return None


class Statement:
    """A statement of the program: for a compound one, its head."""

    def __init__(self, node, lines):
        self.node = node
        self.line = node.lineno
        self.start = lines.of_bytes(node.lineno, node.col_offset)
        body = getattr(node, 'body', None) or getattr(node, 'cases', None)
        if isinstance(body, list) and body:
            self.end = _end_of_head(node, self.start, lines)
        else:
            self.end = lines.of_bytes(node.end_lineno, node.end_col_offset)
        self.last = lines.number_of(max(self.end - 1, self.start))
        self.range = _in_response(self.start, self.end)


def _end_of_head(node, start, lines):
    """Past the colon that follows the last expression of the head."""
    inner = [
        part
        for field, value in ast.iter_fields(node)
        if field not in ('body', 'orelse', 'finalbody', 'handlers', 'cases', 'decorator_list')
        for top in (value if isinstance(value, list) else [value])
        if isinstance(top, ast.AST)
        for part in ast.walk(top)
        if hasattr(part, 'end_lineno')
    ]
    after = max((lines.of_bytes(part.end_lineno, part.end_col_offset) for part in inner), default=start)
    colon = lines.text.find(':', after)
    return colon + 1 if colon >= 0 else after


def statements_of(source):
    lines = Lines(source)
    found = [Statement(node, lines) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return sorted(
        (one for one in found if not _is_text(one.node)), key=lambda one: (one.start, -one.end)
    )


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class Cases:
    """Assertions as they come, each with the lines that led to it since the one before."""

    def __init__(self):
        self.seen = set()
        self.at_import = set()
        self.all = []
        self.got = None
        self.interrupted = 0

    def line(self, code, number):
        self.seen.add(number)
        return sys.monitoring.DISABLE

    def begin(self):
        self.got = None

    def note(self, value):
        self.got = [value]
        return value

    def end(self, text, error, number):
        if isinstance(error, KeyboardInterrupt):
            self.interrupted += 1
        self.all.append(
            {
                'text': text,
                'number': number,
                'covered': self.seen,
                'failed': error is not None,
                'error': type(error).__name__ if error is not None else None,
                'message': _message_of(error, 120) if error is not None else None,
                'got': _got(self.got) if isinstance(error, AssertionError) else None,
                'line': _line_in_answer(error) if error is not None else None,
            }
        )
        self.seen = set()
        self.got = None
        sys.monitoring.restart_events()
        if self.interrupted >= 3:
            raise Enough()


class Enough(BaseException):
    """Three tests that did not end say all there is to say."""


def _got(noted):
    if noted is None:
        return None
    try:
        return _short(repr(noted[0]), 60)
    except BaseException:
        return None


class Split(ast.NodeTransformer):
    """Makes every assertion of `check` a test of its own, which may fail without ending the others."""

    def __init__(self, candidate, entry_point):
        self.candidate = candidate
        self.entry_point = entry_point

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Assert(self, node):
        text = 'assert ' + self._named(node.test)
        if isinstance(node.test, ast.Compare) and len(node.test.ops) == 1:
            node.test.left = _call('note', node.test.left)
        elif isinstance(node.test, (ast.Call, ast.Name)):
            node.test = _call('note', node.test)
        return self._guarded(node, text, stop=False)

    def _simple(self, node):
        return self._guarded(node, self._named(node), stop=True)

    visit_Expr = visit_Assign = visit_AugAssign = visit_AnnAssign = _simple

    def _guarded(self, node, text, stop):
        """A statement that raises ends its test; one that is no assertion ends them all, since the rest may need it."""
        end = lambda error: ast.Expr(_call('end', ast.Constant(text), error, ast.Constant(node.lineno)))
        failed = [end(ast.Name('__error', ast.Load()))] + ([ast.Raise()] if stop else [])
        ends = [] if stop else [end(ast.Constant(None))]
        handler = ast.ExceptHandler(ast.Name('BaseException', ast.Load()), '__error', failed)
        body = [node] if stop else [ast.Expr(_call('begin')), node]
        return [ast.Try(body, [handler], ends, [])]

    def _named(self, node):
        rename = lambda name: ast.Name(self.entry_point if name.id == self.candidate else name.id, name.ctx)
        copied = copy.deepcopy(node)
        for part in ast.walk(copied):
            for field, value in ast.iter_fields(part):
                if isinstance(value, ast.Name):
                    setattr(part, field, rename(value))
        return _short(ast.unparse(copied), 160)


def _call(method, *values):
    function = ast.Attribute(ast.Name('__cases', ast.Load()), method, ast.Load())
    return ast.Call(function, list(values), [])


def _codes(code):
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def explain():
    """Ranks the statements of a program that failed; leaves the tests that failed and the ranked list."""
    global _watching
    _watching = False
    try:
        tree = ast.parse(_source())
    except BaseException:
        return _leave({'ranked': [], 'failed': [], 'tests': 0, 'failures': 0})
    cases = Cases()
    _watched(cases)
    _leave(_ranking(cases))


def _watched(cases):
    """Program and tests once more, with every line of the program noted."""
    global _watching
    code = _compile(_source(), ANSWER, 'exec', dont_inherit=True)
    space = _fresh()
    monitoring = sys.monitoring
    monitoring.use_tool_id(TOOL, 'judge')
    monitoring.register_callback(TOOL, monitoring.events.LINE, cases.line)
    for one in _codes(code):
        monitoring.set_local_events(TOOL, one, monitoring.events.LINE)
    _watching = True
    try:
        _exec(code, space)
        cases.at_import, cases.seen = cases.seen, set()
        monitoring.restart_events()
        space['__cases'] = cases
        _exec(_compile(_split_tests(), TESTS, 'exec', dont_inherit=True), space)
        _exec(f'check({_job["entryPoint"]})', space)
    except Enough:
        pass
    except BaseException as error:
        if not cases.all or not cases.all[-1]['failed']:
            cases.end('', error, 0)
    finally:
        _watching = False
        monitoring.free_tool_id(TOOL)


def _split_tests():
    tree = ast.parse(_job['test'])
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == 'check' and node.args.args:
            split = Split(node.args.args[0].arg, _job['entryPoint'])
            changed = []
            for inner in node.body:
                result = split.visit(inner)
                changed += result if isinstance(result, list) else [result]
            node.body = changed
    return ast.fix_missing_locations(tree)


def _ranking(cases):
    statements = statements_of(_source())
    by_line = {}
    for index, one in enumerate(statements):
        for number in range(one.line, one.last + 1):
            by_line[number] = index
    # A test that never came to the program says nothing about its statements.
    spectra = [
        ({by_line[number] for number in case['covered'] if number in by_line}, case)
        for case in cases.all
        if case['covered'] or case['failed']
    ]
    failed = [case for _, case in spectra if case['failed']]
    at_import = {
        by_line[number]
        for number in cases.at_import
        if number in by_line and isinstance(statements[by_line[number]].node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    }
    crashes = {by_line[case['line']] for case in failed if case['line'] in by_line}
    ranked = []
    priors = {}
    for index, one in enumerate(statements):
        if one.range is None:
            continue
        ef = sum(1 for covered, case in spectra if case['failed'] and (index in covered or index in at_import))
        ep = sum(1 for covered, case in spectra if not case['failed'] and (index in covered or index in at_import))
        score = ef / math.sqrt(len(failed) * (ef + ep)) if ef else 0.0
        if score > 0 or index in crashes:
            ranked.append(
                {
                    'start': one.range[0],
                    'end': one.range[1],
                    'line': one.line,
                    'score': round(score, 6),
                    'crash': index in crashes,
                    'failing': ef,
                    'passing': ep,
                }
            )
            priors[one.range[0]] = _prior(one.node)
    ranked.sort(key=lambda one: (-one['crash'], -one['score'], -priors[one['start']], -one['start']))
    return {
        'ranked': ranked,
        'tests': len(spectra),
        'failed': [
            {key: case[key] for key in ('text', 'error', 'message', 'got', 'line')} for case in failed[:20]
        ],
        'failures': len(failed),
    }


def _prior(node):
    """How much there is in a statement's own head that can be wrong: operators, comparisons, numbers, calls."""
    heads = [
        value
        for field, values in ast.iter_fields(node)
        if field not in ('body', 'orelse', 'finalbody', 'handlers', 'cases')
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, ast.AST)
    ]
    parts = [part for head in heads for part in ast.walk(head)]
    return sum(isinstance(part, (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp)) for part in parts) + 0.5 * sum(
        isinstance(part, (ast.Constant, ast.Call, ast.Subscript)) for part in parts
    )
