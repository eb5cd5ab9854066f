import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect } from '../../../src/store/database'
import { latestVersion } from '../../../src/store/migrate'
import { openProject } from '../../../src/store/project'
import { lacksShared, sharedPath } from '../../shared-data'
import { temporaryFolder } from '../store/temporary-folder'
import { text2grad } from './run-command'

const at = temporaryFolder()

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(at(name), text)
  return at(name)
}
const lines = (...records: unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')
const importing = (file: string, ...words: string[]) =>
  text2grad('import', file, '--project', at('p.t2g'), '--json', ...words)

describe('import', () => {
  it('keeps CRLF, tabs, a byte order mark and emoji inside texts byte for byte, there and back', async () => {
    const response = '\ufeffOne\r\ntwo\tthree \u{1f469}\u{1f3fb}\u200d\u{1f692} e\u0301 \u0000 end\n'
    const prompt = '\ufeffAsk\r\n'
    await importing(
      write('in.jsonl', `\ufeff${lines({ prompt, response, spans: [{ quote: 'three', label: 1 }] })}`)
    )
    const shown = await text2grad('show', '--project', at('p.t2g'), '--json')
    expect(shown.json).toMatchObject([{ messages: [{ content: prompt }], responses: [{ text: response }] }])
    await text2grad('export', '--project', at('p.t2g'), '--format', 'jsonl', '--out', at('out.jsonl'))
    await text2grad('import', at('out.jsonl'), '--project', at('q.t2g'))
    await text2grad('export', '--project', at('q.t2g'), '--format', 'jsonl', '--out', at('again.jsonl'))
    expect(readFileSync(at('again.jsonl'), 'utf8')).toBe(readFileSync(at('out.jsonl'), 'utf8'))
    const again = await text2grad('show', '--project', at('q.t2g'), '--json')
    expect(again.json).toEqual(shown.json)
  })

  it('keeps the good records and lists the bad ones with file, record, code and remedy', async () => {
    const good = { prompt: 'p', response: 'a bc' }
    const { json, exitCode, error } = await importing(
      write(
        'mixed.jsonl',
        lines(
          good,
          { ...good, spans: [{ start: 2, end: 40, label: -1 }] },
          { ...good, spans: [{ start: 0, end: 1, quote: 'b', label: -1 }] }
        ) +
          '{"prompt":"p","response":"half \\ud83d"}\n' +
          '{"prompt":"p","response":}\n' +
          lines({ response: 'no prompt' }, { ...good, response: 'last' })
      )
    )
    expect(exitCode).toBe(0)
    expect(json).toMatchObject({
      format: 'jsonl',
      offsetUnit: 'code-points',
      documents: 1,
      responses: 2,
      spans: 0
    })
    const { rejected } = json as { rejected: { record: string; code: string; reason: string }[] }
    expect(rejected.map(({ record, code }) => [record, code])).toEqual([
      ['line 2', 'span-outside-text'],
      ['line 3', 'quote-mismatch'],
      ['line 4', 'bad-encoding'],
      ['line 5', 'bad-json'],
      ['line 6', 'bad-record']
    ])
    for (const { reason, record } of rejected)
      expect(reason).toMatch(new RegExp(`^mixed\\.jsonl, ${record}: .+\\.$`))
    expect(error).toContain('mixed.jsonl, line 2')
    expect((await text2grad('check', '--project', at('p.t2g'), '--json')).json).toMatchObject({
      ok: true,
      responses: 2
    })
  })

  it('draws the split by lot where one is asked for; a record that says its own keeps it', async () => {
    const records = Array.from({ length: 10 }, (_, index) => ({ prompt: `p${index}`, response: 'a' }))
    const file = write('ten.jsonl', lines(...records))
    const first = await importing(file, '--split', '6/1/3', '--split-seed', '7')
    expect(first.json).toMatchObject({ documents: 10, split: { train: 6, dev: 1, test: 3 } })
    const sides = async (project: string): Promise<unknown[]> => {
      const { json } = await text2grad('show', '--project', project, '--json')
      return (json as { id: string; split: string }[]).map(({ id, split }) => [id, split])
    }
    const drawn = await sides(at('p.t2g'))
    expect(drawn.filter((one) => (one as string[])[1] === 'test')).toHaveLength(3)
    // Known documents stay where they are, whatever is asked for later.
    const again = await importing(file, '--split', '0/0/1')
    expect(again.json).toMatchObject({ documents: 0, known: 10, split: { train: 0, dev: 0, test: 0 } })
    expect(await sides(at('p.t2g'))).toEqual(drawn)
    await text2grad('export', '--project', at('p.t2g'), '--format', 'jsonl', '--out', at('out.jsonl'))
    await text2grad('import', at('out.jsonl'), '--project', at('q.t2g'), '--split', '0/0/1')
    expect(await sides(at('q.t2g'))).toEqual(drawn)
    expect(await text2grad('import', file, '--project', at('r.t2g'), '--split', '80/20')).toMatchObject({
      exitCode: 2
    })
  })

  it('with --strict or --dry-run writes nothing, not even a project file', async () => {
    const file = write('one-bad.jsonl', lines({ prompt: 'p', response: 'a' }, { nothing: 1 }))
    const strict = await importing(file, '--strict')
    expect(strict).toMatchObject({ exitCode: 1, json: { error: { code: 'bad-record' } } })
    expect(await importing(file, '--dry-run')).toMatchObject({ exitCode: 0, json: { responses: 1 } })
    expect(readdirSync(dirname(file))).toEqual(['one-bad.jsonl'])
    await importing(write('good.jsonl', lines({ prompt: 'p', response: 'b' })))
    await importing(file, '--strict')
    await importing(file, '--dry-run')
    expect((await text2grad('check', '--project', at('p.t2g'), '--json')).json).toMatchObject({
      responses: 1
    })
  })

  it.each([
    ['truncated array', 'a.json', '[{"prompt":"p"},{"prom', 'bad-json'],
    ['truncated line', 'a.jsonl', '{"prompt":"p"}\n{"prompt":"q', 'bad-json'],
    ['broken object', 'a.json', '{"prompt":}', 'bad-json'],
    ['empty file', 'a.json', '', 'empty-file'],
    ['blank file', 'a.json', ' \r\n\t', 'empty-file'],
    ['empty array', 'a.json', '[]', 'empty-file'],
    ['text', 'a.txt', 'hello\nworld\n', 'unknown-format'],
    ['other JSON', 'a.json', '[{"text":"x"}]', 'unknown-format'],
    ['UTF-16', 'a.json', '\xff\xfe[\0]\0', 'bad-encoding'],
    ['binary', 'a.bin', 'PK\x03\x04\0\0', 'unknown-format']
  ])('refuses a file that is %s, and makes no project', async (_what, name, text, code) => {
    const file = write(name, /^[\xffP]/.test(text) ? Buffer.from(text, 'latin1') : text)
    for (const words of [[], ['--strict']]) {
      const said = await importing(file, ...words)
      expect(said).toMatchObject({ exitCode: 1, json: { error: { code } } })
      expect(said.error.trim().split('\n')).toHaveLength(1)
      expect(said.error).toContain(name)
    }
    expect(existsSync(at('p.t2g'))).toBe(false)
  })

  it('refuses a folder, a missing file and a format that the file is not in', async () => {
    mkdirSync(at('folder'))
    expect((await importing(at('folder'))).json).toMatchObject({ error: { code: 'not-a-file' } })
    expect((await importing(at('none.json'))).json).toMatchObject({ error: { code: 'not-found' } })
    const file = write('a.jsonl', lines({ prompt: 'p' }))
    expect((await importing(file, '--format', 'xml')).json).toMatchObject({
      error: { code: 'unknown-format' }
    })
    expect((await importing(file, '--format', 'fine-grained-rlhf')).json).toMatchObject({
      error: { code: 'unknown-format' }
    })
    expect(existsSync(at('p.t2g'))).toBe(false)
  })

  it('refuses a project that is open elsewhere, newer, or none, and leaves it as it was', async () => {
    const file = write('a.jsonl', lines({ prompt: 'p' }))
    const open = openProject(at('p.t2g'), { create: true })
    expect((await importing(file)).json).toMatchObject({ error: { code: 'project-busy' } })
    open.close()
    const db = connect(at('p.t2g'))
    db.pragma(`user_version = ${latestVersion + 1}`)
    db.close()
    const before = readFileSync(at('p.t2g'))
    expect((await importing(file)).json).toMatchObject({ error: { code: 'project-newer' } })
    expect(readFileSync(at('p.t2g')).equals(before)).toBe(true)
    writeFileSync(at('p.t2g'), 'not a project')
    expect((await importing(file)).json).toMatchObject({ error: { code: 'project-damaged' } })
    expect(readFileSync(at('p.t2g'), 'utf8')).toBe('not a project')
  })

  it('takes the same file twice and adds nothing the second time; whose annotations they are can be said', async () => {
    const record = { prompt: 'p', response: 'a b', spans: [{ quote: 'a', label: 1 }] }
    const file = write('a.jsonl', lines(record, record, { ...record, response: 'c', spans: [] }))
    expect((await importing(file, '--annotator', 'Anna')).json).toMatchObject({
      documents: 1,
      responses: 3,
      annotations: 3,
      known: 0
    })
    expect((await importing(file, '--annotator', 'Anna')).json).toMatchObject({
      documents: 0,
      responses: 0,
      annotations: 0,
      spans: 0,
      known: 6
    })
    expect((await importing(file, '--annotator', 'Ben')).json).toMatchObject({ responses: 0, annotations: 3 })
    // what a person said is not replaced by a file
    const other = write('b.jsonl', lines({ ...record, spans: [{ quote: 'b', label: 1 }] }))
    expect((await importing(other, '--annotator', 'Anna')).json).toMatchObject({
      annotations: 0,
      rejected: [{ record: 'line 1', reason: expect.stringMatching(/Anna has a different annotation/) }]
    })
  })

  it('counts in the unit that the quotes stand in, and says so', async () => {
    const span = { start: 3, end: 5, quote: 'ab', label: -1 }
    const file = write('utf16.jsonl', lines({ prompt: 'p', response: '\u{1f600} ab', spans: [span] }))
    expect((await importing(file)).json).toMatchObject({
      offsetUnit: 'utf-16',
      spans: 1,
      repaired: [{ record: 'line 1', what: expect.stringContaining('became 2–4') }]
    })
  })
})

describe('export', () => {
  it('makes the whole file or none', async () => {
    await importing(write('a.jsonl', lines({ prompt: 'p', response: 'r' })))
    const exporting = (out: string, format = 'jsonl') =>
      text2grad('export', '--project', at('p.t2g'), '--format', format, '--out', out, '--json')
    expect((await exporting(at('out.jsonl'))).json).toMatchObject({
      format: 't2g-jsonl',
      records: 2,
      spans: 0,
      lost: []
    })
    expect((await exporting(at('folder-that-is-not/out.jsonl'))).json).toMatchObject({
      error: { code: 'not-found' }
    })
    mkdirSync(at('folder'))
    expect((await exporting(at('folder'))).json).toMatchObject({ error: { code: 'not-a-file' } })
    expect((await exporting(at('x'), 'xml')).json).toMatchObject({ error: { code: 'unknown-format' } })
    expect(readdirSync(at('')).sort()).toEqual(['a.jsonl', 'folder', 'out.jsonl', 'p.t2g'])
  })
})

describe('check', () => {
  it('finds what was changed behind its back', async () => {
    const spans = [{ quote: 'bc', label: 1 }]
    await importing(write('a.jsonl', lines({ prompt: 'p', response: 'a bc', spans })))
    await importing(write('b.jsonl', lines({ prompt: 'q' })))
    const db = connect(at('p.t2g'))
    db.pragma('foreign_keys = OFF')
    db.exec(`DROP TRIGGER responses_stay; DROP TRIGGER documents_stay; DROP TRIGGER history_stays;
      UPDATE responses SET text = 'x yz'; UPDATE documents SET extra = '{"a":1}' WHERE position = 2;
      UPDATE history SET what = 'nothing happened' WHERE sequence = 1;
      UPDATE spans SET annotation_id = 'nobody'; UPDATE annotations SET person_id = 'nobody'`)
    db.close()
    const { exitCode, json } = await text2grad('check', '--project', at('p.t2g'), '--json')
    expect(exitCode).toBe(1)
    const problems = (json as { ok: boolean; problems: string[] }).problems.join('\n')
    for (const words of [
      /answer \w+: its text/,
      /document \w+: its content/,
      /history entry 1/,
      /spans, row 1/,
      /annotations, row 1/
    ])
      expect(problems).toMatch(words)
    expect(json).toMatchObject({ ok: false, responses: 1 })
  })

  it('finds a quote that is not where it should be', async () => {
    await importing(
      write('a.jsonl', lines({ prompt: 'p', response: 'a bc', spans: [{ quote: 'bc', label: 1 }] }))
    )
    const db = connect(at('p.t2g'))
    db.exec('UPDATE spans SET start = 1')
    db.close()
    expect((await text2grad('check', '--project', at('p.t2g'), '--json')).json).toMatchObject({
      problems: [expect.stringMatching(/span \w+: its quote/)]
    })
  })
})

describe('the command line', () => {
  it('answers wrong usage with exit code 2 and one document', async () => {
    for (const words of [
      ['nope'],
      ['import'],
      ['import', 'x', '--colour'],
      ['check'],
      ['align', '--tokenizer', 'x']
    ]) {
      const said = await text2grad(...words, '--json')
      expect(said).toMatchObject({ exitCode: 2, json: { error: { code: 'unknown-command' } } })
    }
    expect((await text2grad('--version')).out.trim()).toMatch(/^\d+\.\d+\.\d+/)
    expect(await text2grad('--help')).toMatchObject({ exitCode: 0, out: expect.stringContaining('import') })
  })

  it('says what this machine can do', async () => {
    expect((await text2grad('doctor', '--json')).json).toMatchObject({
      node: process.versions.node,
      electron: null,
      sqlite: expect.stringMatching(/^3\./),
      onnxruntime: expect.stringMatching(/^1\./),
      devices: expect.arrayContaining([{ name: 'cpu', usable: true }])
    })
  })

  it('shows one answer, and says when there is none of that name', async () => {
    await importing(
      write('a.jsonl', lines({ prompt: 'p', response: 'one' }, { prompt: 'p', response: 'two' }))
    )
    const all = (await text2grad('show', '--project', at('p.t2g'), '--json')).json as {
      responses: { id: string }[]
    }[]
    const { id } = all[0].responses[1]
    const one = await text2grad('show', '--project', at('p.t2g'), '--response', id, '--json')
    expect(one.json).toMatchObject([{ responses: [{ id, text: 'two' }] }])
    expect(
      (await text2grad('show', '--project', at('p.t2g'), '--response', 'x', '--json')).json
    ).toMatchObject({
      error: { code: 'not-found' }
    })
  })
})

describe.skipIf(lacksShared('data/qa_feedback_300.json'))('300 real answers with feedback', () => {
  it('come in whole, are sound, and go out and in again the same', async () => {
    const { json } = await importing(sharedPath('data/qa_feedback_300.json'))
    expect(json).toMatchObject({
      format: 'fine-grained-rlhf',
      offsetUnit: 'code-points',
      documents: 300,
      responses: 1200,
      annotations: 300,
      spans: 848,
      rejected: []
    })
    expect((await text2grad('check', '--project', at('p.t2g'), '--json')).json).toMatchObject({
      ok: true,
      spans: 848,
      problems: []
    })
    const exporting = (project: string, out: string) =>
      text2grad('export', '--project', at(project), '--format', 't2g-jsonl', '--out', at(out), '--json')
    expect((await exporting('p.t2g', 'one.jsonl')).json).toMatchObject({
      records: 1500,
      spans: 848,
      lost: []
    })
    expect(
      (await text2grad('import', at('one.jsonl'), '--project', at('q.t2g'), '--json')).json
    ).toMatchObject({
      documents: 300,
      responses: 1200,
      annotations: 300,
      spans: 848,
      rejected: []
    })
    await exporting('q.t2g', 'two.jsonl')
    expect(readFileSync(at('two.jsonl')).equals(readFileSync(at('one.jsonl')))).toBe(true)
  })
})
