import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { build } from './build/build.mjs'
import { installedElectron } from './setup/electron.mjs'
import { main, root, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY)

/** `npm start`: set-up, build, and the window; without a display, the same loop on the bundled project in words. */
await main(async () => {
  await setUp({ window: hasDisplay })
  await build(hasDisplay ? undefined : ['main'])
  return hasDisplay ? openWindow() : runDemo()
})

/** Chromium keeps its sandbox; root, whom it refuses, goes without. */
function openWindow() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  const electron = override ? path.join(override, 'electron') : installedElectron()
  const asRoot = process.platform === 'linux' && process.getuid() === 0
  const parameters = [root, ...(asRoot ? ['--no-sandbox'] : []), ...process.argv.slice(2)]
  say('opening the window')
  const child = spawn(electron, parameters, { cwd: root, stdio: ['ignore', 'inherit', 'ignore'] })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.on('close', (status) => resolve(status ?? 1)))
}

function runDemo() {
  say(
    'there is no display here, so the demo runs without a window: annotate → align → reward → optimise → review'
  )
  const command = [path.join(root, 'out/main/cli.js'), 'demo', ...process.argv.slice(2)]
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1
}
