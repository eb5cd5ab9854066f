/**
 * The process that a program runs in: Python as WebAssembly, once. It says `{"ready":true}`, reads one job from its
 * standard input, writes what came of it as JSON lines to its standard output, and ends.
 *
 * What Python can reach is the list of functions that WebAssembly is given. Before the program starts, all but those of
 * `allowed` are cut off, so that neither the bridge to JavaScript nor a socket nor a command has anything behind it.
 *
 * Arguments: Pyodide's folder, the folder of judge.py, `make` (write the snapshot to descriptor 3) or `run` (start from
 * it), and limits as JSON: { seconds (of processor time), outputBytes, memoryBytes }.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import v8 from 'node:v8'

const [pyodideFolder, ownFolder, mode, limitsText] = process.argv.slice(2)
const limits = JSON.parse(limitsText)

// Programs are short: the quick compiler alone starts in two thirds of the time.
v8.setFlagsFromString('--liftoff-only')
// A function that may suspend could not be cut off below.
delete WebAssembly.Suspending
delete WebAssembly.promising

/** Functions of Emscripten that Python needs to compute, to read the clock and to use its own files in memory. */
const allowed = new Set(
  `__assert_fail emscripten_runtime_keepalive_push emscripten_runtime_keepalive_pop exit _Py_emscripten_runtime
  _PyEM_TrampolineCall_JS __syscall_getuid32_js __syscall_umask_js __syscall_ioctl __hiwire_deduplicate_new
  __hiwire_deduplicate_get __hiwire_deduplicate_set __hiwire_deduplicate_delete __syscall_fcntl64 _try_fcntl64
  __syscall_openat _tzset_js _abort_js __syscall_faccessat __syscall_chdir __syscall_chmod __syscall_dup
  __syscall_dup3 _munmap_js _msync_js _mmap_js emscripten_date_now __syscall_fchdir __syscall_fchmod
  __syscall_fchmodat2 __syscall_fdatasync __syscall_fstat64 __syscall_stat64 __syscall_newfstatat __syscall_lstat64
  __syscall_ftruncate64 __syscall_getcwd __syscall_getdents64 emscripten_get_now __syscall_mkdirat _timegm_js
  _mktime_js _localtime_js _gmtime_js __syscall_pipe __syscall_fadvise64 __syscall_fallocate
  _emscripten_get_progname _emscripten_runtime_keepalive_clear __call_sighandler __syscall_readlinkat
  __syscall_unlinkat __syscall_rmdir __syscall_renameat __syscall_statfs64 __syscall_fstatfs64 __syscall_symlinkat
  emscripten_get_heap_max emscripten_resize_heap __syscall_truncate64 __syscall_utimensat proc_exit environ_sizes_get
  environ_get fd_close fd_read fd_write clock_res_get clock_time_get fd_sync random_get fd_fdstat_get fd_seek fd_pread
  fd_pwrite`.split(/\s+/)
)
/** What C has an answer for is refused as a system that lacks it would; anything else ends the program. */
const refusedSoftly = /^(__syscall_|_emscripten_system$|_setitimer_js$|_maybe_|_try_)/
const notImplemented = -52
/** No name is known (EAI_FAIL), and nothing may wait for JavaScript. */
const answers = { getaddrinfo: -4, getnameinfo: -4, can_run_sync_js: 0 }

let cutOff = false
class Refused extends Error {}

function gate(name, original) {
  if (name.startsWith('invoke_') || allowed.has(name)) return original
  return (...values) => {
    if (!cutOff) return original(...values)
    if (Object.hasOwn(answers, name)) return answers[name]
    if (refusedSoftly.test(name)) return notImplemented
    throw new Refused(name)
  }
}

/** Seconds of processor time at which Python is interrupted next. */
let deadline = Infinity
/** Seconds between further interruptions of a program that takes no notice. */
let repeat = 0.05
let interruptions = 0
let calls = 0
const processorSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const SIGINT = 2

/** Asked by the interpreter every few hundred steps: the number of a signal, or 0. */
function pendingSignal() {
  if (deadline === Infinity || ++calls % 16 !== 0 || processorSeconds() < deadline) return 0
  interruptions++
  deadline = processorSeconds() + repeat
  return SIGINT
}

const gated = (functions) =>
  new Proxy(functions, {
    get(target, name) {
      if (name === '_Py_CheckEmscriptenSignals_Helper') return pendingSignal
      const value = target[name]
      return typeof value === 'function' ? gate(String(name), value) : value
    }
  })

const instantiate = WebAssembly.instantiate
WebAssembly.instantiate = (source, imports = {}) =>
  instantiate(
    source,
    Object.fromEntries(
      Object.entries(imports).map(([name, functions]) => [
        name,
        name === 'env' || name.startsWith('wasi') ? gated(functions) : functions
      ])
    )
  )

const pageBytes = 65536
const grow = WebAssembly.Memory.prototype.grow
WebAssembly.Memory.prototype.grow = function (pages) {
  // Python hears that there is no memory left.
  if (this.buffer.byteLength + pages * pageBytes > limits.memoryBytes) throw new RangeError('memory limit')
  return grow.call(this, pages)
}

// Emscripten's own file systems ask for it, and Node's permissions refuse it.
process.binding = () => ({ fs: fs.constants })

const say = (message) => fs.writeSync(1, JSON.stringify(message) + '\n')

const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, 'pyodide.mjs')).href)
const snapshotOf = (descriptor) => {
  const bytes = new Uint8Array(fs.fstatSync(descriptor).size)
  // By position: every process that inherits the descriptor shares its offset.
  for (let at = 0; at < bytes.length; )
    at += fs.readSync(descriptor, bytes, at, bytes.length - at, at) || bytes.length
  return bytes
}
const pyodide = await loadPyodide({
  indexURL: pyodideFolder + path.sep,
  env: { HOME: '/home/pyodide', PYTHONHASHSEED: '0' },
  ...(mode === 'make' ? { _makeSnapshot: true } : { _loadSnapshot: snapshotOf(3) })
})

if (mode === 'make') {
  pyodide.FS.writeFile('/judge.py', fs.readFileSync(path.join(ownFolder, 'judge.py')))
  pyodide.runPython('import sys; sys.path.insert(0, "/"); import judge; sys.path.remove("/")')
  pyodide.FS.unlink('/judge.py')
  const snapshot = pyodide.makeMemorySnapshot()
  for (let at = 0; at < snapshot.length; ) at += fs.writeSync(3, snapshot, at, snapshot.length - at, at)
  say({ made: snapshot.length })
  process.exit(0)
}

const { FS } = pyodide
const module = pyodide._module
let written = 0
const write = (bytes) => {
  written += bytes.length
  if (written > limits.outputBytes) {
    say({ killed: `It wrote more than ${limits.outputBytes} bytes.` })
    process.exit(0)
  }
  return bytes.length
}
pyodide.setStdin({ stdin: () => null })
pyodide.setStdout({ write })
pyodide.setStderr({ write })
// Sets the flag by which the interpreter asks for signals at all.
pyodide.setInterruptBuffer(new Uint8Array(1))

const text = (string) => {
  const bytes = new TextEncoder().encode(string)
  const place = module._malloc(bytes.length + 1)
  module.HEAPU8.set(bytes, place)
  module.HEAPU8[place + bytes.length] = 0
  return place
}
const names = Object.fromEntries(
  ['judge', 'prepare', 'describe', 'explain', 'space', 'error'].map((name) => [name, text(name)])
)
const judge = module._PyImport_ImportModule(names.judge)
const attribute = (name) => module._PyObject_GetAttrString(judge, (names[name] ??= text(name)))

/**
 * Calls a function of judge.py through C, since there is no bridge any more. Returns what it left in its file, or null
 * if it failed, which only a program that tampers with the interpreter brings about.
 */
function ask(name) {
  const file = '/result.json'
  const answer = module._PyObject_CallNoArgs(attribute(name))
  if (answer === 0 || !FS.analyzePath(file).exists) return module._PyErr_Clear(), null
  const result = JSON.parse(FS.readFile(file, { encoding: 'utf8' }))
  FS.unlink(file)
  return result
}

/**
 * Runs code that judge.py has compiled. No frame of the judge lies below it, and whether it failed is what C says: a
 * program can find nothing to change in Python.
 */
function passes(stage) {
  const space = attribute('space')
  if (module._PyEval_EvalCode(attribute(stage), space, space) !== 0) return true
  module._PyObject_SetAttrString(judge, names.error, module._PyErr_GetRaisedException())
  return false
}

/** The program, its tests, and the call of check: the first that fails is described. */
function verdictOf(prepared) {
  if (prepared === null || prepared.verdict) return prepared ?? tampered
  if (['program', 'tests', 'check'].every(passes)) return { verdict: 'pass' }
  return ask('describe') ?? tampered
}
const tampered = { verdict: 'fail', ended: 'It tampered with the interpreter.' }

say({ ready: true })
const parts = []
for await (const part of process.stdin) parts.push(part)
FS.writeFile('/job.json', Buffer.concat(parts))

cutOff = true
const started = processorSeconds()
deadline = started + limits.seconds
try {
  const result = verdictOf(ask('prepare'))
  const seconds = processorSeconds() - started
  const interrupted = interruptions > 0
  say({ ...result, ...(interrupted ? { verdict: 'timeout' } : {}), seconds })
  if (interrupted || result.verdict === 'fail') {
    // Every test once more, watched: the second look may take a few times as long, and then a little for each test.
    deadline = processorSeconds() + (interrupted ? 0.5 : Math.max(1, 4 * seconds))
    repeat = 0.25
    const explained = ask('explain')
    if (explained) say({ explained })
  }
} catch (error) {
  if (error instanceof Refused) say({ killed: `It reached for ${error.message}, which is outside of the sandbox.` })
  else if (error?.name === 'ExitStatus' || /^Program terminated with exit/.test(error?.message))
    say({ verdict: 'fail', ended: 'It ends the interpreter before its tests have ended.' })
  else say({ killed: `It broke the interpreter (${String(error?.message ?? error).slice(0, 200)}).` })
}
say({ end: true })
process.exit(0)
