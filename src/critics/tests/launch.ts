import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { SandboxFiles } from './files'
import { ownBytes, spareSeconds, type Limits } from './limits'

/** What stands between a program and the machine, besides Python having no way out of WebAssembly. */
export interface Isolation {
  /** `bubblewrap`: namespaces of its own; `process`: Node's permissions, where this Node has them, and limits. */
  readonly kind: 'bubblewrap' | 'process'
  /** Why it is not bubblewrap. */
  readonly reason?: string
}

const shell = '/bin/sh'
const insideOwn = '/sandbox/own'
const insidePyodide = '/sandbox/pyodide'

/** Read-only, of the system: what a dynamically linked Node needs. */
const systemFolders = ['/usr', '/lib', '/lib64', '/bin', '/etc/ld.so.cache', '/nix/store']

/** Starts the process of one program (`run`) or of the snapshot (`make`), in a process group of its own. */
export function launch(
  mode: 'run' | 'make',
  files: SandboxFiles,
  limits: Limits,
  { kind }: Isolation,
  stdio: StdioOptions
): ChildProcess {
  const wrapped = kind === 'bubblewrap'
  const { own, pyodide } = wrapped ? { own: insideOwn, pyodide: insidePyodide } : files
  const child = [join(own, 'child.mjs'), pyodide, own, mode, JSON.stringify(limits)]
  const node = [process.execPath, ...nodeFlags(wrapped ? null : files), ...child]
  const command = limited(wrapped ? ['bwrap', ...bubblewrapFlags(files), ...node] : node, mode, limits)
  return spawn(command[0], command.slice(1), {
    detached: true,
    cwd: existsSync('/') ? '/' : tmpdir(),
    env: environment(),
    stdio,
    windowsHide: true
  })
}

/** Electron's threads do not all say that they are Electron's; its program is not named after Node. */
const isPlainNode = (): boolean => /^node/i.test(basename(realpathSync(process.execPath)))

/** Nothing of our own environment but what Node needs to start. */
function environment(): NodeJS.ProcessEnv {
  // Read by Electron alone, which a worker thread of it does not know itself to be.
  const kept: NodeJS.ProcessEnv = { PATH: process.env.PATH, ELECTRON_RUN_AS_NODE: '1' }
  if (process.env.SystemRoot) kept.SystemRoot = process.env.SystemRoot
  return kept
}

/** `files`: what Node's own permissions let it read, where nothing else keeps it from the rest. */
function nodeFlags(files: SandboxFiles | null): string[] {
  const flags = ['--no-warnings', '--disallow-code-generation-from-strings', '--max-old-space-size=256']
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (files === null || !isPlainNode() || major < 20) return flags
  const permission =
    major > 22 || (major === 22 && minor >= 13) ? '--permission' : '--experimental-permission'
  return [...flags, permission, ...[files.own, files.pyodide].map((folder) => `--allow-fs-read=${folder}/*`)]
}

/** The shell's limits, which the kernel enforces on the process and all that it starts. */
function limited(command: readonly string[], mode: 'run' | 'make', limits: Limits): string[] {
  if (!existsSync(shell)) return [...command]
  const seconds = mode === 'make' ? 600 : Math.ceil(limits.seconds + spareSeconds)
  const kilobytes = Math.ceil((limits.memoryBytes + ownBytes) / 1024)
  const script = [
    'ulimit -c 0',
    `ulimit -d ${kilobytes}`,
    // The soft one has a signal of its own, by which a program that ran too long is told from one that was killed.
    `ulimit -S -t ${seconds}`,
    `ulimit -H -t ${seconds + 2}`,
    ...(mode === 'run' ? ['ulimit -f 0'] : []),
    'exec "$@"'
  ].join('; ')
  return [shell, '-c', script, 'sh', ...command]
}

function bubblewrapFlags(files: SandboxFiles): string[] {
  const electron = !isPlainNode()
  const program = realpathSync(process.execPath)
  const readable = [...systemFolders, electron ? dirname(program) : program]
  return [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    ...readable.flatMap((place) => ['--ro-bind-try', place, place]),
    ...(program === process.execPath || electron ? [] : ['--ro-bind-try', program, process.execPath]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--ro-bind',
    files.own,
    insideOwn,
    '--ro-bind',
    files.pyodide,
    insidePyodide,
    '--chdir',
    '/sandbox'
  ]
}

/** Bubblewrap where it is installed and the system lets it make namespaces. */
export function findIsolation(files: SandboxFiles): Isolation {
  if (process.platform !== 'linux') return { kind: 'process', reason: 'bubblewrap runs on Linux alone' }
  const node = [process.execPath, ...nodeFlags(null), '-e', '0']
  const { error, status, stderr } = spawnSync('bwrap', [...bubblewrapFlags(files), ...node], {
    encoding: 'utf8',
    env: environment()
  })
  if (error) return { kind: 'process', reason: 'bubblewrap (bwrap) is not installed' }
  if (status === 0) return { kind: 'bubblewrap' }
  const said = stderr.trim().split('\n').at(-1) ?? ''
  return { kind: 'process', reason: `bubblewrap does not work here (${said})` }
}

/** Ends a process and whatever it has started. */
export function killTree(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    // Bubblewrap's own end takes its namespace with it.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}
