import { describe, expect, it } from 'vitest'
import { applyPatch, inverse, retract, type Patch } from '../../../src/store/patches'
import { openProject, type Project } from '../../../src/store/project'
import { fill } from './example'
import { temporaryFolder } from './temporary-folder'

const at = temporaryFolder()
const damaged = expect.objectContaining({ code: 'project-damaged' })

function withSpan(work: (project: Project, spanId: string) => void): void {
  const project = openProject(at('p.t2g'), { create: true })
  fill(project)
  work(project, String(project.db.prepare('SELECT span_id FROM spans').pluck().get()))
  project.close()
}
const row = (project: Project, spanId: string): unknown =>
  project.db.prepare('SELECT * FROM spans WHERE span_id = ?').get(spanId)

describe('patches', () => {
  it('are taken back by their inverse', () => {
    withSpan((project, spanId) => {
      const before = row(project, spanId)
      const patches: Patch[] = [
        {
          kind: 'fields',
          table: 'spans',
          id: spanId,
          before: { polarity: 'poor' },
          after: { polarity: 'good' }
        },
        {
          kind: 'text',
          table: 'spans',
          id: spanId,
          field: 'reason',
          change: { at: 4, removed: 'in', inserted: 'on' }
        },
        retract('spans', spanId)
      ]
      for (const patch of patches) applyPatch(project.db, patch)
      expect(row(project, spanId)).toMatchObject({
        polarity: 'good',
        reason: 'not on the page',
        retracted: 1
      })
      for (const patch of patches.reverse()) applyPatch(project.db, inverse(patch))
      expect(row(project, spanId)).toEqual(before)
    })
  })

  it('refuse a row that is not as they expect, and columns that are not theirs', () => {
    withSpan((project, spanId) => {
      const fields = (before: Record<string, string>, after: Record<string, string>): Patch => ({
        kind: 'fields',
        table: 'spans',
        id: spanId,
        before,
        after
      })
      const refused = (patch: Patch): void => expect(() => applyPatch(project.db, patch)).toThrow(damaged)
      refused(fields({ polarity: 'good' }, { polarity: 'neutral' }))
      refused(fields({ annotation_id: 'a' }, { annotation_id: 'b' }))
      refused(fields({}, { polarity: 'good' }))
      refused(retract('annotations', 'none'))
      const change = { at: 0, removed: 'something else', inserted: '' }
      refused({ kind: 'text', table: 'spans', id: spanId, field: 'reason', change })
      refused({ kind: 'text', table: 'spans', id: spanId, field: 'critique', change })
    })
  })
})
