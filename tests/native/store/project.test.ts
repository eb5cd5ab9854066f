import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect } from '../../../src/store/database'
import { latestVersion } from '../../../src/store/migrate'
import { openProject } from '../../../src/store/project'
import { countAll } from '../../../src/store/counts'
import { example, fill } from './example'
import { temporaryFolder } from './temporary-folder'

const at = temporaryFolder()
const failure = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) })

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  throw new Error('nothing was thrown')
}

describe('a project file', () => {
  it('is one file when closed, in a rollback journal, and has its rules while open', () => {
    const file = at('one.t2g')
    const project = openProject(file, { create: true })
    expect(project.db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(project.db.pragma('synchronous', { simple: true })).toBe(2)
    expect(project.db.pragma('foreign_keys', { simple: true })).toBe(1)
    fill(project)
    project.close()
    project.close()
    expect(readdirSync(dirname(file))).toEqual(['one.t2g'])
    const db = connect(file, { readonly: true })
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete')
    expect(db.prepare('SELECT count(*) FROM writer').pluck().get()).toBe(0)
    db.close()
  })

  it('has one writer, and readers beside it', () => {
    const file = at('one.t2g')
    const writer = openProject(file, { create: true })
    expect(thrownBy(() => openProject(file))).toEqual(
      failure('project-busy', /one\.t2g is open .* close it there/)
    )
    const reader = openProject(file, { readOnly: true })
    fill(writer)
    expect(countAll(reader.db).responses).toBe(2)
    expect(thrownBy(() => reader.write(() => 0))).toEqual(failure('read-only', /reading only/))
    reader.close()
    writer.close()
    openProject(file).close()
  })

  it('takes over from an owner that is dead, or whose process id is somebody else now', async () => {
    const file = at('one.t2g')
    openProject(file, { create: true }).close()
    const child = spawn(process.execPath, ['-e', ''])
    const pid = child.pid ?? 0
    await new Promise((resolve) => child.on('exit', resolve))
    const own = (owner: number, started: string, host = hostname()): void => {
      const db = connect(file)
      db.prepare('INSERT OR REPLACE INTO writer VALUES (1, ?, ?, ?, ?, ?)').run(
        host,
        owner,
        started,
        'then',
        'token'
      )
      db.close()
    }
    own(pid, '1')
    openProject(file).close()
    own(process.pid, 'another start')
    if (existsSync('/proc/self/stat')) openProject(file).close()
    own(1, '', 'elsewhere')
    expect(thrownBy(() => openProject(file))).toEqual(failure('project-busy', /on elsewhere .* --take-over/))
    openProject(file, { takeOver: true }).close()
    openProject(file).close()
  })

  it('of a newer version is left alone', () => {
    const file = at('new.t2g')
    openProject(file, { create: true }).close()
    const db = connect(file)
    db.pragma(`user_version = ${latestVersion + 1}`)
    db.close()
    const before = statSync(file).mtimeMs
    for (const readOnly of [false, true])
      expect(thrownBy(() => openProject(file, { readOnly }))).toEqual(
        failure('project-newer', /new\.t2g .* install the newer/)
      )
    expect(statSync(file).mtimeMs).toBe(before)
  })

  it('is told from what is none', () => {
    writeFileSync(at('text.t2g'), 'hello, this is no database at all; '.repeat(10))
    writeFileSync(at('empty.t2g'), '')
    mkdirSync(at('folder.t2g'))
    const other = connect(at('other.t2g'))
    other.exec('CREATE TABLE t (x)')
    other.close()
    for (const name of ['text.t2g', 'empty.t2g', 'other.t2g'])
      expect(thrownBy(() => openProject(at(name), { create: true }))).toEqual(
        failure('project-damaged', new RegExp(name))
      )
    expect(thrownBy(() => openProject(at('folder.t2g')))).toEqual(
      failure('not-a-file', /folder\.t2g is a folder/)
    )
    expect(thrownBy(() => openProject(at('none.t2g')))).toEqual(failure('not-found', /none\.t2g/))
    expect(thrownBy(() => openProject(at('no/none.t2g'), { create: true }))).toEqual(
      failure('not-found', /no folder/)
    )
    expect(existsSync(at('none.t2g'))).toBe(false)
  })

  it('says disk-full when there is no room, and keeps what it had', () => {
    const file = at('full.t2g')
    const project = openProject(file, { create: true })
    fill(project)
    const before = countAll(project.db)
    // SQLite refuses the page as it would refuse one on a full disk
    project.db.pragma(`max_page_count = ${String(project.db.pragma('page_count', { simple: true }))}`)
    const large = { ...example, extra: { long: 'x'.repeat(100_000) } }
    expect(thrownBy(() => fill(project, [large]))).toEqual(
      failure('disk-full', /no room left .* Nothing was half-written/)
    )
    expect(countAll(project.db)).toEqual(before)
    project.close()
    const again = openProject(file)
    expect(countAll(again.db)).toEqual(before)
    again.close()
  })

  it('survives a crash in the middle of a transaction', () => {
    const file = at('crash.t2g')
    const project = openProject(file, { create: true })
    fill(project)
    project.db.exec("BEGIN IMMEDIATE; INSERT INTO persons VALUES ('x', 'X', 'person')")
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, at(`copy.t2g${suffix}`))
    const copy = openProject(at('copy.t2g'), { takeOver: true })
    expect(countAll(copy.db).responses).toBe(2)
    expect(copy.db.prepare("SELECT count(*) FROM persons WHERE person_id = 'x'").pluck().get()).toBe(0)
    copy.close()
    project.db.exec('ROLLBACK')
    project.close()
  })

  it('does not let texts or history be changed', () => {
    const project = openProject(at('one.t2g'), { create: true })
    fill(project)
    for (const sql of ["UPDATE responses SET text = ''", "UPDATE documents SET messages = '[]'"])
      expect(() => project.db.exec(sql)).toThrow(/immutable/)
    project.close()
  })
})
