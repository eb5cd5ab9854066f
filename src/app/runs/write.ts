import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { CriticGate } from '../../contract/critic-gate'
import type { RunConfig } from '../../contract/run-config'
import { runFiles, serialiseRunRecord } from '../../contract/run-record'
import { commitOfCheckout } from '../commit'
import { NewFolder } from '../new-folder'
import { sha256 } from '../sha256'
import { version } from '../version'
import { prepareRun, type Freezing, type PreparedRun, type RunSource } from './prepare'

/** The folder of a run that is being made: rows go into it as they are frozen, `run.json` comes last of all. */
export class RunDraft {
  private readonly folder: NewFolder
  private readonly dir: string

  /** @throws Failure bad-input when the folder is already used */
  constructor(dir: string) {
    this.dir = resolve(dir)
    mkdirSync(dirname(this.dir), { recursive: true })
    this.folder = new NewFolder(this.dir, 'a run needs a new folder')
  }

  /** As `prepareRun`, and every row is written down. @returns also the SHA-256 of the rows, hexadecimal */
  prepare(
    config: RunConfig,
    source: RunSource | null,
    between?: Freezing['between']
  ): { readonly prepared: PreparedRun; readonly data: string } {
    const rows = this.folder.file(config.source === 'annotated' ? runFiles.answers : runFiles.prompts)
    const keep: Freezing['keep'] = (row) => rows.write(JSON.stringify(row) + '\n')
    const prepared = prepareRun(config, source, { keep, between })
    return { prepared, data: rows.end() }
  }

  /** @param config what was prepared, with what was chosen since. @returns the folder's path */
  commit(
    { prepared, data }: ReturnType<RunDraft['prepare']>,
    config: RunConfig,
    criticGate: CriticGate | null
  ): string {
    const hashes: Record<string, string> = { config: sha256(JSON.stringify(config)), data }
    for (const [file, text] of Object.entries(prepared.critic))
      hashes[file === runFiles.rules ? 'critic' : 'critic settings'] = this.folder.put(file, text)
    const resolved = {
      id: randomUUID(),
      name: basename(this.dir),
      createdAt: new Date().toISOString(),
      hashes,
      versions: { text2grad: version, node: process.versions.node },
      commit: commitOfCheckout(),
      dropped: [...prepared.plan.dropped],
      ...(criticGate && { criticGate })
    }
    this.folder.put(runFiles.record, serialiseRunRecord({ config, resolved }))
    return this.folder.commit()
  }

  discard(): void {
    this.folder.discard()
  }
}
