import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { Settings } from '../contract/ipc'
import { writeWhole } from '../files/atomic-file'

interface Stored extends Settings {
  /** Model folders that were chosen, the latest first. */
  readonly models: readonly string[]
}

const fresh: Stored = {
  personName: null,
  theme: 'system',
  modelDir: null,
  gpuPack: null,
  allowedHosts: [],
  models: []
}

/** What belongs to this seat, not to a project: kept in one small file of the user. */
export class SettingsFile {
  private readonly file: string

  constructor(userData: string) {
    this.file = join(userData, 'settings.json')
  }

  get(): Stored {
    return this.load()
  }

  /** What the window is told. */
  view(): Settings {
    const { personName, theme, modelDir, gpuPack, allowedHosts } = this.load()
    return { personName, theme, modelDir, gpuPack, allowedHosts }
  }

  /** Changes what is given. @throws Failure disk-full, read-only */
  set(change: Partial<Stored>): void {
    const given = Object.entries(change).filter(([, value]) => value !== undefined)
    mkdirSync(dirname(this.file), { recursive: true })
    const settings = { ...this.load(), ...Object.fromEntries(given) }
    writeWhole(this.file, `${JSON.stringify(settings, null, 2)}\n`)
  }

  /** Who annotates here: the name given once, or until then the system's name for the user. */
  annotator(): string {
    return this.load().personName ?? (userInfo().username || 'Annotator')
  }

  private load(): Stored {
    if (!existsSync(this.file)) return fresh
    try {
      return { ...fresh, ...(JSON.parse(readFileSync(this.file, 'utf8')) as Partial<Stored>) }
    } catch {
      return fresh // a damaged settings file costs a name and a theme, no work
    }
  }
}
