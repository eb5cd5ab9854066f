import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = resolve(__dirname, '../../..')
const asNobody = ['/usr/bin/setpriv', '--reuid=65534']
/** Only root can become someone else, and that one must be able to read the checkout. */
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync(asNobody[0], [asNobody[1], 'test', '-r', join(root, 'package.json')]).status === 0

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'set-up-'))
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(script: string, env: Record<string, string>, prefix: string[] = []) {
  const [program, ...rest] = [...prefix, process.execPath, '--input-type=module', '-e', script]
  return spawnSync(program, rest, { cwd: root, encoding: 'utf8', env })
}

const packages = `
  const { ensureSystemPackages } = await import('./scripts/setup/system-packages.mjs')
  ensureSystemPackages({ window: true, compiler: true })`

describe.skipIf(process.platform !== 'linux')('system packages', () => {
  it('are left alone when nothing is missing', () => {
    const programs = ['Xvfb', 'xauth', 'cc', 'c++']
    for (const name of programs) writeFileSync(join(folder, name), '')
    const { status, stderr } = run(packages, { PATH: folder })
    expect(status).toBe(0)
    for (const name of ['xvfb', 'xauth', 'gcc', 'g++']) expect(stderr).not.toContain(name)
  })

  it('are named where there is no apt-get', () => {
    const { status, stderr } = run(packages, { PATH: folder })
    expect(status).toBe(0)
    expect(stderr).toMatch(/lacks .*xvfb, xauth, gcc, g\+\+ \(Debian's names\)/)
  })

  it.skipIf(!canBeNobody)('are a line to run for someone who is not root', () => {
    writeFileSync(join(folder, 'apt-get'), '')
    const { status, stderr } = run(packages, { PATH: folder }, asNobody)
    expect(status).toBe(0)
    expect(stderr).toContain('apt-get update && apt-get install -y --no-install-recommends')
    expect(stderr).toContain('xvfb xauth gcc g++')
  })
})

describe('a fresh clone without a registry', () => {
  it('fails with one sentence and its remedy', () => {
    for (const name of ['scripts', 'package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(root, name), join(folder, name), { recursive: true })
    mkdirSync(join(folder, 'cache'))
    const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        npm_config_registry: 'http://127.0.0.1:9/',
        npm_config_fetch_retries: '0',
        npm_config_cache: join(folder, 'cache')
      }
    })
    expect(status).toBe(1)
    const lines = stderr.trim().split('\n')
    expect(lines.at(-1)).toMatch(/^\[text2grad\] npm ci failed \(.*\): see that the npm registry .*\.$/)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
