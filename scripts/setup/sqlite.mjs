import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { cache, lastLine, modules, Problem, root, say } from './say.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

const sqlitePackage = path.join(modules, 'better-sqlite3')
const header = path.join(root, 'scripts/setup/primitive-references.h')

/** Proves that a host can use the addon: a full-text table, one row, one answer. */
const probe = `
const Database = require('better-sqlite3')
const database = new Database(':memory:')
database.exec("create virtual table t using fts5(a); insert into t values('x')")
process.stdout.write(String(database.prepare('select count(*) n from t').get().n))
database.close()`

/**
 * Makes better-sqlite3 load in Node and in the Electron chosen (none for the command line alone). Its stock binary
 * needs Node-API 10; for an older host it is compiled once for Node-API 9, which also newer hosts load.
 */
export async function ensureSqlite(electron) {
  const hosts = [{ program: process.execPath, env: {} }]
  if (electron) hosts.push({ program: electron, env: { ELECTRON_RUN_AS_NODE: '1' } })
  if (hosts.every(loads)) return
  install(await localBuild())
  const broken = hosts.find((host) => !loads(host))
  if (broken)
    throw new Problem(
      `better-sqlite3 was compiled and still does not load in ${broken.program}: use Node 22.14 or newer, or report this.`
    )
}

function loads({ program, env }) {
  const result = spawnSync(program, ['-e', probe], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env }
  })
  return result.stdout === '1'
}

/** The package looks here before it looks at its stock binaries. */
function install(binary) {
  const folder = path.join(sqlitePackage, 'build/Release')
  fs.mkdirSync(folder, { recursive: true })
  // Renamed into place, so that a process that has the old one mapped keeps it.
  const incoming = path.join(folder, `incoming-${process.pid}.node`)
  fs.copyFileSync(binary, incoming)
  fs.renameSync(incoming, path.join(folder, 'better_sqlite3.node'))
}

async function localBuild() {
  const { version } = JSON.parse(fs.readFileSync(path.join(sqlitePackage, 'package.json'), 'utf8'))
  const key = createHash('sha256').update(version).update(fs.readFileSync(header)).digest('hex').slice(0, 12)
  const built = path.join(cache, `better_sqlite3-${version}-${key}-${process.platform}-${process.arch}.node`)
  if (fs.existsSync(built)) return built
  ensureSystemPackages({ window: false, compiler: true })
  say('compiling better-sqlite3 for this Node-API (once, about 30 seconds)')
  fs.mkdirSync(cache, { recursive: true })
  const work = fs.mkdtempSync(path.join(cache, 'sqlite-'))
  try {
    compile(work)
    fs.renameSync(path.join(work, 'better_sqlite3.node'), built)
    return built
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/** SQLite's own build options are kept in a file of the package that only node-gyp reads. */
function defines() {
  const text = fs.readFileSync(path.join(sqlitePackage, 'deps/defines.gypi'), 'utf8')
  return [...text.matchAll(/'((?:HAVE|SQLITE)_[^']+)'/g)].map((match) => `-D${match[1]}`)
}

function compile(work) {
  const amalgamation = path.join(sqlitePackage, 'deps/sqlite3')
  const common = ['-O2', '-fPIC', '-fvisibility=hidden', '-DNDEBUG', `-I${amalgamation}`]
  const object = (name) => path.join(work, name)
  run(
    'cc',
    '-std=c99',
    '-w',
    ...common,
    ...defines(),
    '-c',
    path.join(amalgamation, 'sqlite3.c'),
    '-o',
    object('sqlite3.o')
  )
  run(
    'c++',
    ...['-std=c++20', '-fvisibility-inlines-hidden', ...common],
    ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    ...['-include', header],
    ...[`-I${path.join(modules, 'node-api-headers/include')}`, `-I${path.join(modules, 'node-addon-api')}`],
    ...['-c', path.join(sqlitePackage, 'src/better_sqlite3.cpp'), '-o', object('addon.o')]
  )
  run(
    'c++',
    ...['-shared', '-static-libstdc++', '-static-libgcc', '-s', '-Wl,-Bsymbolic', '-Wl,--exclude-libs,ALL'],
    ...['-o', object('better_sqlite3.node'), object('addon.o'), object('sqlite3.o'), '-ldl']
  )
}

function run(program, ...parameters) {
  const { status, stderr, error } = spawnSync(program, parameters, { encoding: 'utf8' })
  if (error?.code === 'ENOENT')
    throw new Problem(
      `better-sqlite3 must be compiled for this Node and there is no compiler: install gcc and g++, or use Node 22.14 or newer.`
    )
  if (status !== 0) throw new Problem(`${program} could not compile better-sqlite3 (${lastLine(stderr)}).`)
}
