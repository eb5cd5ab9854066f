import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { availableParallelism, tmpdir } from 'node:os'
import { build } from './build/build.mjs'
import { check } from './check/stages.mjs'
import { main, modules, Problem, root, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'
import { onPath } from './setup/system-packages.mjs'

const node = (...command) =>
  spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status === 0
const vitest = (project) => node(path.join(modules, 'vitest/vitest.mjs'), 'run', '--project', project)

/** Each answers whether it passed. */
const stages = {
  'set-up': async () => setUp().then(() => true),
  build: async () => build().then(() => true),
  check: () => check(availableParallelism()),
  pure: () => vitest('pure'),
  native: () => vitest('native'),
  'end to end': () => endToEnd(),
  long: () => vitest('long')
}
const suites = {
  test: ['set-up', 'build', 'check', 'pure', 'native', 'end to end'],
  long: ['set-up', 'build', 'long']
}

/** Real windows: on the display there is, or on one that only the tests see. */
function endToEnd() {
  const playwright = [process.execPath, path.join(modules, 'playwright/cli.js'), 'test']
  if (process.platform !== 'linux') return node(...playwright.slice(1))
  if (!onPath('xvfb-run'))
    throw new Problem('the end-to-end tests need xvfb-run: install the packages xvfb and xauth.')
  const screen = ['-a', '--server-args=-screen 0 1600x1000x24']
  return spawnSync('xvfb-run', [...screen, ...playwright], { cwd: root, stdio: 'inherit' }).status === 0
}

/** `npm test` and `npm run test:long`: stops at the first stage that fails, and tells the time of each. */
await main(async () => {
  const suite = suites[process.argv[2] ?? 'test']
  if (!suite) throw new Problem(`there is no suite ${process.argv[2]}: leave it out, or say long.`)
  // What the tests put into the system's temporary folder goes with them.
  const scratch = mkdtempSync(path.join(tmpdir(), 'text2grad-tests-'))
  chmodSync(scratch, 0o755) // some tests are another user
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = scratch
  const times = []
  const all = Date.now()
  for (const name of suite) {
    say(`── ${name} ──`)
    const started = Date.now()
    const passed = await stages[name]()
    times.push(`${name} ${seconds(started)}`)
    if (!passed) {
      say(`FAILED at ${name}. Times: ${times.join(', ')}. What the tests wrote is left in ${scratch}`)
      return 1
    }
  }
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
  say(`all passed in ${seconds(all)}: ${times.join(', ')}`)
  return 0
})

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(0)} s`
}
