import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { lastLine, Problem, say } from './say.mjs'

/** Debian's name, and how to see that it is there: a program on the path, or a library known to the loader. */
const forWindow = [
  { name: 'libgtk-3-0', library: 'libgtk-3.so.0' },
  { name: 'libnss3', library: 'libnss3.so' },
  { name: 'libgbm1', library: 'libgbm.so.1' },
  { name: 'libasound2', library: 'libasound.so.2' },
  { name: 'xvfb', program: 'Xvfb' },
  { name: 'xauth', program: 'xauth' }
]
const forCompiler = [
  { name: 'gcc', program: 'cc' },
  { name: 'g++', program: 'c++' }
]

/**
 * Sees to the system packages on Linux: as root on Debian or Ubuntu it installs what is missing, otherwise it
 * prints the line to run and goes on; whoever needs a missing part fails later with its own sentence.
 */
export function ensureSystemPackages({ window, compiler }) {
  if (process.platform !== 'linux') return
  const libraries = spawnSync('ldconfig', ['-p'], { encoding: 'utf8', env: withSbin() }).stdout ?? ''
  const present = ({ program, library }) => (program ? onPath(program) : libraries.includes(`${library} `))
  const wanted = [...(window ? forWindow : []), ...(compiler ? forCompiler : [])]
  const missing = wanted.filter((item) => !present(item)).map((item) => item.name)
  if (missing.length === 0) return

  const line = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (!onPath('apt-get')) {
    say(`this system lacks ${missing.join(', ')} (Debian's names): install them with its package manager`)
  } else if (process.getuid() !== 0) {
    say(`this system lacks ${missing.join(', ')}; install them with: sudo sh -c "${line}"`)
  } else {
    say(`installing system packages: ${missing.join(' ')}`)
    aptGet('update', '-q')
    aptGet('install', '-q', '-y', '--no-install-recommends', ...missing.map(installable))
  }
}

function aptGet(...parameters) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stderr } = spawnSync('apt-get', parameters, { encoding: 'utf8', env })
  if (status !== 0)
    throw new Problem(`apt-get ${parameters[0]} failed (${lastLine(stderr)}): mend it and run this again.`)
}

/** Ubuntu 24.04 and later name some libraries after their 64-bit time: libasound2 is libasound2t64 there. */
function installable(name) {
  const candidate = (packageName) =>
    /Candidate: (?!\(none\))/.test(
      spawnSync('apt-cache', ['policy', packageName], { encoding: 'utf8' }).stdout ?? ''
    )
  return candidate(name) || !candidate(`${name}t64`) ? name : `${name}t64`
}

function withSbin() {
  return { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` }
}

export function onPath(program) {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return folders.some((folder) => fs.existsSync(path.join(folder, program)))
}
