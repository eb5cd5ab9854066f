import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { cache, modules, root, say } from '../setup/say.mjs'

const bin = (name, file) => path.join(modules, name, file)
const types = (name, configuration) => ({
  name: `types: ${name}`,
  command: [
    bin('typescript', 'bin/tsc'),
    ...['-p', configuration, '--incremental', '--tsBuildInfoFile', path.join(cache, `types/${name}.json`)]
  ]
})

/** Longest first, so that two at a time end together. */
const stages = [
  {
    name: 'lint',
    command: [bin('eslint', 'bin/eslint.js'), '--cache', '--cache-location', path.join(cache, 'eslint/'), '.']
  },
  types('all but the window', 'tsconfig.json'),
  {
    name: 'types: the window',
    command: [
      bin('svelte-check', 'bin/svelte-check'),
      ...['--tsconfig', 'tsconfig.renderer.json', '--output', 'human', '--fail-on-warnings']
    ]
  },
  {
    name: 'format',
    command: [
      bin('prettier', 'bin/prettier.cjs'),
      ...['--check', '--log-level', 'warn', '.'],
      ...['--cache', '--cache-location', path.join(cache, 'prettier.json')]
    ]
  },
  { name: 'layers', command: ['scripts/check/layers-cli.mjs'] },
  { name: 'dead code', command: [bin('knip', 'bin/knip.js'), '--no-progress'] },
  types('end to end', 'tsconfig.e2e.json'),
  types('the pure folders', 'tsconfig.pure.json')
]

/** Runs every stage, at most `atOnce` at a time. True when all of them passed. */
export async function check(atOnce) {
  fs.mkdirSync(path.join(cache, 'types'), { recursive: true })
  const waiting = [...stages]
  let passed = true
  const work = async () => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) passed = (await run(stage)) && passed
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return passed
}

function run({ name, command }) {
  const started = Date.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const pieces = []
    child.stdout.on('data', (piece) => pieces.push(piece))
    child.stderr.on('data', (piece) => pieces.push(piece))
    child.on('close', (status) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      say(`check ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`)
      if (status !== 0) process.stderr.write(Buffer.concat(pieces))
      resolve(status === 0)
    })
  })
}
