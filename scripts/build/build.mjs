import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { holding } from '../setup/lock.mjs'
import { modules, Problem, root, say } from '../setup/say.mjs'
import { parts, stampOf } from './stamp.mjs'

const stampFile = (part) => path.join(root, 'out', `${part}.stamp`)

/** Builds the parts whose sources changed since they were last built. Returns their names. */
export async function build(wanted = Object.keys(parts)) {
  if (stale(wanted).length === 0) return []
  return holding('build', () => {
    const todo = stale(wanted)
    if (todo.length === 0) return []
    say(`building ${todo.join(', ')}`)
    // Taken before, so that a file saved during the build makes the next one stale.
    const stamps = todo.map((part) => [part, stampOf(part)])
    for (const part of todo) fs.rmSync(stampFile(part), { force: true })
    electronVite(todo)
    for (const [part, stamp] of stamps) fs.writeFileSync(stampFile(part), stamp)
    return todo
  })
}

function stale(wanted) {
  return wanted.filter((part) => {
    try {
      return fs.readFileSync(stampFile(part), 'utf8') !== stampOf(part)
    } catch {
      return true
    }
  })
}

function electronVite(todo) {
  const command = [path.join(modules, 'electron-vite/bin/electron-vite.js'), 'build', '--logLevel', 'warn']
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TEXT2GRAD_BUILD: todo.join(',') }
  })
  if (status === 0) return
  process.stderr.write(readable(stdout + stderr))
  throw new Problem('the build failed for the reason above: mend it and run this again.')
}

/** What the bundler found, without its colours and its own stack. */
function readable(text) {
  const lines = stripVTControlCharacters(text).split('\n')
  return lines.filter((line) => !/^\s+at /.test(line)).join('\n')
}
