import { createServer } from 'node:http'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { critiqueOf } from '../../../../src/critics/tests/critique'
import type { Outcome } from '../../../../src/critics/tests/outcome'
import { PythonSandbox } from '../../../../src/critics/tests/sandbox'

const isolation = new PythonSandbox().isolation
const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
const secret = join(folder, 'secret')
const trace = join(folder, 'trace')
writeFileSync(secret, 'the parent’s own words')

let requests = 0
const server = createServer((_, response) => {
  requests++
  response.end('hello')
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Two tests that no program below passes. */
const tests = {
  prompt: 'def f(x):\n',
  test: 'def check(candidate):\n    assert candidate(1) == 11\n    assert candidate(2) == 22\n',
  entryPoint: 'f'
}

const short = { seconds: 1, memoryBytes: 256 * 2 ** 20, outputBytes: 100_000 }

/** Runs programs two at a time and gives each outcome to `look`. */
async function all(
  sandbox: PythonSandbox,
  ways: readonly string[],
  look: (outcome: Outcome, way: string) => void
) {
  const left = [...ways]
  const lane = async (): Promise<void> => {
    for (let way = left.shift(); way !== undefined; way = left.shift())
      look(await sandbox.run({ ...tests, prompt: '', response: way }), way)
  }
  await Promise.all([lane(), lane()])
}
const inF = (way: string): string => `def f(x):\n    ${way}\n`

const waysOut = [
  `return open(${JSON.stringify(secret)}).read()`,
  `import os; return os.system('touch ${trace}')`,
  `import subprocess; return subprocess.run(['touch', ${JSON.stringify(trace)}])`,
  `open(${JSON.stringify(trace)}, 'w').write('was here'); return 0`,
  `import os; os.symlink('/', '/out'); return open('/out' + ${JSON.stringify(secret)}).read()`,
  'import urllib.request; return urllib.request.urlopen("http://127.0.0.1:PORT/").read()',
  'import socket; return socket.create_connection(("127.0.0.1", PORT))'
]
async function letsNothingOut(sandbox: PythonSandbox): Promise<void> {
  const ways = waysOut.map((way) => inF(way.replace('PORT', String(port))))
  await all(sandbox, ways, (outcome, way) => {
    expect(['fail', 'killed'], way).toContain(outcome.verdict)
    expect(JSON.stringify(outcome)).not.toContain('own words')
  })
  expect(existsSync(trace)).toBe(false)
  expect(requests).toBe(0)
}

const catchingAll =
  '    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n'

/**
 * 10 GB of files, which lie in the memory of the process and not in Python's: the further it is, the slower, so that it
 * has long been looked at before it comes to what the kernel would refuse.
 */
const tenGigabytes = [
  '    block = bytes(2 ** 20)',
  '    for n in range(10 * 2 ** 10):',
  '        with open(f"/{n}", "wb") as file: file.write(block)',
  '        sum(range(100 * n))',
  ''
].join('\n')
async function endsAtItsMemory(isolation?: 'process'): Promise<void> {
  const patient = new PythonSandbox({ isolation, limits: { ...short, seconds: 60 } })
  const outcome = await patient.run({ ...tests, response: tenGigabytes })
  expect(critiqueOf(tests.prompt, tenGigabytes, outcome, 1)).toMatchObject({
    status: 'ok',
    verdict: 'killed',
    critique: 'Was ended by the sandbox. It took more than 640 MiB of memory.',
    spans: [{ polarity: 'poor', quote: tenGigabytes }]
  })
}
const unwatched = process.platform === 'linux' ? undefined : 'memory is watched on Linux alone'

describe.concurrent('a program inside bubblewrap', () => {
  const missing = isolation.kind === 'process' ? isolation.reason : undefined
  const sandbox = new PythonSandbox({ limits: short })

  it.skipIf(missing)(`runs${missing ? ` (${missing})` : ''}`, async () => {
    expect(sandbox.isolation.kind).toBe('bubblewrap')
    expect(await sandbox.run({ ...tests, response: '    return 11 * x\n' })).toMatchObject({
      verdict: 'pass'
    })
  })
  it.skipIf(missing)('ends when its processor time is used up, whatever it catches', async () => {
    expect(await sandbox.run({ ...tests, response: catchingAll })).toMatchObject({ verdict: 'timeout' })
  })
  it.skipIf(missing)('ends when its time on the clock is used up', async () => {
    const hasty = new PythonSandbox({ limits: { seconds: 100, wallSeconds: 1 } })
    expect(await hasty.run({ ...tests, response: catchingAll })).toMatchObject({ verdict: 'timeout' })
  })
  it.skipIf(missing)('lets nothing out: files, commands, network', () => letsNothingOut(sandbox))
  it.skipIf(missing)('ends when its processes hold more memory than they may', () => endsAtItsMemory())
})

/** Without bubblewrap what holds a program is WebAssembly with nothing behind it: so here every way out is tried. */
describe.concurrent('a program in a process', () => {
  const sandbox = new PythonSandbox({ isolation: 'process', limits: short })
  const run = (response: string): Promise<Outcome> => sandbox.run({ ...tests, response })

  it('runs', async () => {
    expect(sandbox.isolation.kind).toBe('process')
    expect(await run('    return 11 * x\n')).toMatchObject({ verdict: 'pass' })
  })

  const programs: [string, string, Partial<Outcome> | { failure: object }][] = [
    ['a loop without end', '    while True: pass\n', { verdict: 'timeout' }],
    ['sleep', '    import time; time.sleep(1000)\n', { verdict: 'timeout' }],
    ['a fork bomb', '    import os\n    while True: os.fork()\n', { failure: { error: 'OSError' } }],
    [
      'threads',
      '    import threading\n    while True: threading.Thread(target=f, args=[x]).start()\n',
      { failure: { error: 'RuntimeError' } }
    ],
    ['10 GB at once', '    return bytearray(10 * 2 ** 30)\n', { verdict: 'fail' }],
    [
      'memory without end',
      '    kept = []\n    while True: kept.append(bytearray(2 ** 26))\n',
      { failure: { error: 'MemoryError' } }
    ],
    ['a flood of output', "    while True: print('x' * 1000)\n", { verdict: 'killed' }],
    ['sys.exit', '    import sys; sys.exit(0)\n', { failure: { error: 'SystemExit' } }],
    ['os._exit', '    import os; os._exit(0)\n', { verdict: 'fail' }],
    ['a signal to itself', '    import signal; signal.raise_signal(9)\n', { verdict: 'fail' }],
    ['signals to others', '    import os; os.kill(os.getppid(), 9); os.kill(1, 9)\n', { verdict: 'fail' }],
    ['recursion', '    return f(x)\n', { failure: { error: 'RecursionError' } }],
    [
      'recursion without its limit',
      '    import sys; sys.setrecursionlimit(10 ** 9); return f(x)\n',
      { verdict: expect.stringMatching(/^(fail|killed|timeout)$/) as never }
    ]
  ]
  it.each(programs)('contains %s', async (_, response, expected) => {
    const outcome = await run(response)
    expect(outcome).toMatchObject(expected)
    expect(['fail', 'timeout', 'killed']).toContain(outcome.verdict)
  })

  it('lets nothing out: files, commands, network', () => letsNothingOut(sandbox))

  it.skipIf(unwatched)('ends when its process holds more memory than it may', () =>
    endsAtItsMemory('process')
  )

  it('has no bridge to JavaScript', async () => {
    const ways = [
      'import js; return js.process.pid',
      "from pyodide.code import run_js; return run_js('process.pid')",
      'import pyodide_js; return pyodide_js._module',
      "from pyodide.ffi import to_js; return to_js([1]).constructor.constructor('return process')()",
      "from pyodide.http import pyfetch; return pyfetch('http://127.0.0.1/').send(None)",
      "import ctypes; return ctypes.CDLL(None).system(b'ls')",
      'import ctypes; return ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)()'
    ]
    await all(sandbox, ways.map(inF), ({ verdict }, way) =>
      expect(['fail', 'killed'], way).toContain(verdict)
    )
  })

  it('is not deceived by a program that reaches for its judge', async () => {
    const ways = [
      'def f(x): return 0\ndef check(c): pass\n',
      'def f(x): return 0\nimport sys\nsys.exit(0)\n',
      "def f(x):\n  import os\n  open('/result.json', 'w').write('{\"verdict\": \"pass\"}')\n  os._exit(0)\n",
      "def f(x):\n  import os\n  os.mkdir('/result.json')\n  return 0\n",
      'import builtins\nbuiltins.AssertionError = ValueError\nbuiltins.open = builtins.exec = None\ndef f(x): return 0\n',
      "import sys\ndef f(x):\n  sys.modules['judge'].error = None\n  return 0\n",
      'import sys\ndef f(x):\n  sys.settrace(lambda *a: None)\n  return 0\n',
      'import gc\ndef f(x):\n  for one in gc.get_objects():\n    if type(one) is dict and "program" in one: one["error"] = None\n  return 0\n',
      'import sys\ndef f(x):\n  frame = sys._getframe()\n  while frame.f_back:\n    frame = frame.f_back\n    frame.f_globals["check"] = lambda c: None\n  return 0\n',
      'import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0\n',
      "'''\n",
      'if True:\n'
    ]
    await all(sandbox, ways, ({ verdict }, way) => expect(['fail', 'killed'], way).toContain(verdict))
  })

  it('keeps nothing of one program for the next', async () => {
    const first = `    import sys, builtins\n    builtins.left = 1; sys.left = 1\n    open('/left', 'w').write('x')\n    return 11 * x\n`
    const second = `    import sys, os, builtins\n    assert not hasattr(sys, 'left') and not hasattr(builtins, 'left') and not os.path.exists('/left')\n    return 11 * x\n`
    expect(await run(first)).toMatchObject({ verdict: 'pass' })
    expect(await run(second)).toMatchObject({ verdict: 'pass' })
  })
})
