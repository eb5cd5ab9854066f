import type { DocumentRecord } from '../../../src/pipeline/annotate/record'
import type { Project } from '../../../src/store/project'
import { RecordWriter } from '../../../src/store/record-writer'

export const importer = { name: 'Somebody', kind: 'import' } as const

/** One prompt with two answers; the first was marked by its importer. */
export const example: DocumentRecord = {
  messages: [{ role: 'user', content: 'Where did they go?' }],
  passages: [{ title: 'A page', text: 'They went to the park.' }],
  extra: { gold: 'The park.' },
  responses: [
    {
      text: 'They went to the 🏞️ park.\r\nIt\trained.',
      source: 'model A',
      extra: { score: 2 },
      annotations: [
        {
          person: null,
          status: 'submitted',
          critique: 'The rain is made up.',
          spans: [
            { start: 27, end: 37, polarity: 'poor', reason: 'not in the page', category: 'Unverifiable' },
            { start: 20, end: 24, polarity: 'good' }
          ]
        }
      ]
    },
    { text: '\ufeffHome.', source: 'model B', extra: {}, annotations: [] }
  ]
}

/** Writes records into a project; the ids of their answers in order. */
export function fill(project: Project, documents: readonly DocumentRecord[] = [example]): string[] {
  project.write((db) => {
    const writer = new RecordWriter(db, { at: '2026-01-01T00:00:00.000Z', defaultPerson: importer })
    for (const document of documents) writer.write(document)
  })
  return project.read((db) =>
    db.prepare('SELECT response_id FROM responses ORDER BY position').pluck().all()
  ) as string[]
}
