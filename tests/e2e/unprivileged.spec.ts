import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { freshUserData, root } from './support/launch'

/** Debian's `nobody`. Someone who is not root already runs as himself. */
const nobody = 65534
const isRoot = process.getuid?.() === 0
const prefix = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []

function unprivileged(command: readonly string[], env: Record<string, string> = {}) {
  const [program, ...rest] = [...prefix, ...command]
  return spawnSync(program, rest, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } })
}

/** Why Chromium's sandbox cannot be tried here, or null. */
function obstacle(): string | null {
  if (process.platform !== 'linux') return 'the sandbox is tried on Linux only'
  const names = unprivileged(['unshare', '--user', 'true'])
  if (names.status !== 0)
    return `user namespaces are refused here: ${names.error?.message ?? names.stderr.trim()}`
  const reads = unprivileged(['test', '-r', join(root, 'out/main/index.js')])
  return reads.status === 0 ? null : `an unprivileged user cannot read this checkout (${root})`
}

/** A home for the other user, with a copy of the display's key: xvfb-run shows it to nobody else. */
function homeFor(uid: number): Record<string, string> {
  const home = freshUserData()
  const key = process.env.XAUTHORITY
  if (key) copyFileSync(key, join(home, 'display-key'))
  if (isRoot) {
    chownSync(home, uid, uid)
    if (key) chownSync(join(home, 'display-key'), uid, uid)
  }
  chmodSync(home, 0o700)
  return { HOME: home, TMPDIR: home, ...(key ? { XAUTHORITY: join(home, 'display-key') } : {}) }
}

test("as an unprivileged user the page runs in Chromium's sandbox", () => {
  const reason = obstacle()
  test.skip(reason !== null, reason ?? '')
  const env = homeFor(nobody)
  const program = join(root, 'node_modules/playwright/cli.js')
  const inner = ['test', '-c', 'tests/e2e/sandbox/playwright.config.ts', '--output', join(env.HOME, 'output')]
  // A second Playwright, as the other user: root is refused by the sandbox.
  const { status, stdout, stderr } = unprivileged([process.execPath, program, ...inner], env)
  expect(stdout + stderr).toContain('1 passed')
  expect(status).toBe(0)
})
