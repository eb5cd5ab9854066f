import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isHeldOut } from '../../../scripts/starter/world'
import { checkProject } from '../../../src/app/check'
import { demoConfig, demoFiles } from '../../../src/app/demo/demo-runs'
import { readCard } from '../../../src/app/demo/truth'
import { exportFile } from '../../../src/app/export-file'
import { importIntoFile } from '../../../src/app/import-file'
import { planRunOf } from '../../../src/app/runs/project'
import { promptLine } from '../../../src/contract/sampled-answer'
import { rulesCritic } from '../../../src/critics/rules'
import { openModelFolder } from '../../../src/engine/checkpoint/model-folder'
import { openProject } from '../../../src/store/project'

const resources = resolve(import.meta.dirname, '../../../resources')
const files = demoFiles(resources)

interface ResponseLine {
  readonly type: 'document' | 'response'
  readonly text: string
  readonly sampling: { readonly modelHash: string }
  readonly messages: readonly { readonly content: string }[]
  readonly annotations: readonly {
    readonly person: { readonly name: string; readonly kind: string }
    readonly critique: string
    readonly spans: readonly { start: number; end: number; quote: string; polarity: string; reason?: string }[]
  }[]
}
const lines = readFileSync(files.answers, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => JSON.parse(line) as ResponseLine)
const answers = lines.filter(({ type }) => type === 'response')
const marked = answers.filter(({ annotations }) => annotations.length > 0)

describe('the sample project', () => {
  let folder = ''
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'sample-'))))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('has at least 60 marked answers of this very starter model, and some to mark', async () => {
    const { hash } = await openModelFolder(files.model)
    expect(marked.length).toBeGreaterThanOrEqual(60)
    expect(answers.length).toBeGreaterThan(marked.length)
    expect(new Set(answers.map(({ sampling }) => sampling.modelHash))).toEqual(new Set([hash]))
  })

  test('has critiques and valid spans, good and poor, all by the script', () => {
    const annotations = marked.flatMap(({ text, annotations }) =>
      annotations.map((annotation) => ({ text, ...annotation }))
    )
    for (const { text, person, critique, spans } of annotations) {
      expect(person).toEqual({ name: 'sample (scripted)', kind: 'sample' })
      expect(critique).not.toBe('')
      for (const { start, end, quote, reason } of spans) {
        expect([...text].slice(start, end).join('')).toBe(quote)
        expect([start < end, reason]).toEqual([true, expect.stringMatching(/\w/)])
      }
    }
    const polarities = annotations.flatMap(({ spans }) => spans.map(({ polarity }) => polarity))
    expect(polarities.filter((polarity) => polarity === 'good').length).toBeGreaterThan(100)
    expect(polarities.filter((polarity) => polarity === 'poor').length).toBeGreaterThan(100)
  })

  test('evaluates on 200 prompts whose bridges are nowhere in it', () => {
    const names = (contents: readonly string[]) => contents.map((content) => readCard(content)?.name ?? '')
    const prompts = readFileSync(files.prompts, 'utf8').trim().split('\n')
    const heldOut = names(
      prompts.map((line) => promptLine.parse(JSON.parse(line)).messages.at(-1)?.content ?? '')
    )
    const documents = lines.filter(({ type }) => type === 'document')
    const trained = names(documents.map(({ messages }) => messages[0].content))
    expect(heldOut).toHaveLength(200)
    expect(heldOut.every(isHeldOut)).toBe(true)
    expect(trained.some(isHeldOut)).toBe(false)
  })

  test('as shipped is sound and holds what the text holds; every span finds its tokens', async () => {
    const [name] = readdirSync(join(resources, 'sample-project')).filter((entry) => entry.endsWith('.t2g'))
    const [shipped, made] = [join(folder, 'shipped.t2g'), join(folder, 'made.t2g')]
    copyFileSync(join(resources, 'sample-project', name), shipped)
    await importIntoFile(files.answers, made, { strict: true })
    const texts: string[] = []
    for (const file of [shipped, made]) {
      const project = openProject(file)
      expect(await checkProject(project)).toMatchObject({ ok: true, responses: answers.length })
      project.close()
      await exportFile(file, `${file}.jsonl`, { format: 't2g-jsonl' })
      texts.push(readFileSync(`${file}.jsonl`, 'utf8'))
    }
    expect(texts[0]).toBe(texts[1])
    const plan = await planRunOf(made, demoConfig(files.model, 1, 'none'))
    expect(plan).toMatchObject({ unaligned: 0, dropped: [{ count: answers.length - marked.length }] })
  })

  test('comes with rules that find its praise, and no file is larger than 4 MB', async () => {
    const file = join(resources, 'rules', 'praise.json')
    const critic = rulesCritic(JSON.parse(readFileSync(file, 'utf8')), file)
    const response = 'It is 60 metres long and painted red. Poets have praised it for centuries.'
    for await (const critique of critic.score([{ prompt: [], response }], { aborted: false }))
      expect(critique).toMatchObject({
        status: 'ok',
        spans: [
          { polarity: 'poor', quote: 'Poets have praised it for centuries.' },
          { polarity: 'good', quote: '60 metres' }
        ]
      })
    for (const entry of readdirSync(resources, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) expect(statSync(join(entry.parentPath, entry.name)).size).toBeLessThan(4_000_000)
  })
})
