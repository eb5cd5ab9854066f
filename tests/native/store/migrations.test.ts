import { describe, expect, it } from 'vitest'
import { criticsOf, ensureCritic } from '../../../src/store/critics'
import { connect, type Db } from '../../../src/store/database'
import { latestVersion, migrate, versionOf } from '../../../src/store/migrate'
import { openProject } from '../../../src/store/project'
import { queuePage } from '../../../src/store/queue'
import { listRuns, putRun, recordLineage, runsThatLearnedFrom } from '../../../src/store/runs'
import { temporaryFolder } from './temporary-folder'

const at = temporaryFolder()

/** Rows as version 1 had them, written with nothing but that version's own columns. */
function rowsOfVersion1(db: Db): void {
  const time = '2026-01-01T00:00:00.000Z'
  db.exec(`
    INSERT INTO meta VALUES ('project', 'p'), ('created', '${time}');
    INSERT INTO persons VALUES ('anna', 'Anna', 'person');
    INSERT INTO documents VALUES (1, 'd', 'Where is the café?', '[{"role":"user","content":"Where is the café?"}]', '[]', '{}', 'train', 'h', '${time}');
    INSERT INTO responses VALUES (1, 'r', 'd', 'Beside the lake.', 'h', 'A', '{}', NULL, '${time}');
    INSERT INTO annotations VALUES ('a', 'r', 'anna', 'submitted', 'Right.', '', NULL, 0, '${time}');
    INSERT INTO spans VALUES ('s', 'a', 11, 15, 'good', '', '', NULL, 'lake', 'Beside the ', '.', 1, NULL, 0);
  `)
}

describe('migrations', () => {
  it('bring rows of version 1 to the index of runs and their lineage', () => {
    const db = connect(at('old.t2g'))
    migrate(db, 1)
    rowsOfVersion1(db)
    migrate(db, 2)
    expect(versionOf(db)).toBe(2)
    expect(listRuns(db)).toEqual([])
    const run = {
      runId: 'run-1',
      dir: '/runs/1',
      name: 'run-1',
      source: 'annotated',
      state: 'running'
    } as const
    putRun(db, { ...run, step: 0, steps: 10, startedAt: '2026-01-02' })
    recordLineage(db, 'run-1', ['a'], 1)
    expect(runsThatLearnedFrom(db, 'a')).toEqual(['run-1'])
    expect(() => recordLineage(db, 'run-1', ['no such annotation'], 1)).toThrow(/FOREIGN KEY/)
    db.close()
  })

  it('bring rows of version 2 into the search', () => {
    const db = connect(at('old.t2g'))
    migrate(db, 2)
    rowsOfVersion1(db)
    migrate(db, 3)
    const search = (words: string): number =>
      queuePage(db, 'anna', { status: 'all', search: words, offset: 0, limit: 10 }).total
    expect(search('lak')).toBe(1)
    expect(search('cafe')).toBe(1)
    expect(search('moon')).toBe(0)
    db.close()
  })

  it('bring rows of version 3 to critics, which are persons of a version', () => {
    const db = connect(at('old.t2g'))
    migrate(db, 3)
    rowsOfVersion1(db)
    migrate(db, 4)
    expect(criticsOf(db).size).toBe(0)
    const critic = { critic: 'generative', version: '0123456789abcdef' }
    const personId = ensureCritic(db, critic)
    expect(ensureCritic(db, critic)).toBe(personId)
    expect([...criticsOf(db)]).toEqual([[personId, { personId, ...critic }]])
    expect(ensureCritic(db, { ...critic, version: '1123456789abcdef' })).not.toBe(personId)
    expect(() => db.exec("INSERT INTO critics VALUES ('nobody', 'rules', '1')")).toThrow(/FOREIGN KEY/)
    db.close()
  })

  it('bring rows of version 4 to copies that tell being taken out from being undone', () => {
    const db = connect(at('old.t2g'))
    migrate(db, 4)
    rowsOfVersion1(db)
    db.exec(`
      INSERT INTO persons VALUES ('ben', 'Ben', 'person');
      INSERT INTO annotations VALUES ('b', 'r', 'ben', 'draft', '', '', 'a', 0, 'now');
    `)
    const retracting = (id: string) => ({ kind: 'fields', table: 'spans', id, after: { retracted: 1 } })
    const copies = { kept: [], out: ['change'], undone: ['undo'], 'out again': ['change', 'undo', 'redo'] }
    let sequence = 0
    for (const [id, kinds] of Object.entries(copies)) {
      db.prepare(
        `INSERT INTO spans SELECT ?, 'b', start, "end", polarity, '', '', NULL, quote, prefix, suffix, 1, 's', ? FROM spans
           WHERE span_id = 's'`
      ).run(id, kinds.length > 0 ? 1 : 0)
      for (const kind of kinds) {
        // Undoing what took a span out brings it back.
        const patch =
          kind === 'undo' && kinds.length > 1
            ? { ...retracting(id), after: { retracted: 0 } }
            : retracting(id)
        db.prepare(`INSERT INTO history VALUES (?, 'now', 'ben', ?, '', 'r', 'b', 1, NULL, ?, '', '')`).run(
          ++sequence,
          kind,
          JSON.stringify([patch])
        )
      }
    }
    migrate(db, 5)
    expect(
      db.prepare("SELECT span_id, base FROM spans WHERE annotation_id = 'b' ORDER BY rowid").raw().all()
    ).toEqual([
      ['kept', 's'],
      ['out', 's'],
      ['undone', null],
      ['out again', 's']
    ])
    db.close()
  })

  it('open a project of version 1 with everything still in it', () => {
    const file = at('old.t2g')
    const old = connect(file)
    migrate(old, 1)
    rowsOfVersion1(old)
    old.close()
    const project = openProject(file)
    expect(versionOf(project.db)).toBe(latestVersion)
    expect(
      queuePage(project.db, 'anna', { status: 'submitted', search: '', offset: 0, limit: 10 }).rows
    ).toEqual([
      { number: 1, responseId: 'r', title: 'Where is the café?', source: 'A', status: 'submitted', spans: 1 }
    ])
    project.close()
  })

  it('leave the version before when a step fails', () => {
    const db = connect(at('old.t2g'))
    migrate(db, 1)
    db.exec('CREATE TABLE run_annotations (x)')
    expect(() => migrate(db)).toThrow(/run_annotations/)
    expect(versionOf(db)).toBe(1)
    expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").pluck().get()).toBe(0)
    db.close()
  })
})
