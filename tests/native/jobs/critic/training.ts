import { mkdirSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import {
  criticFiles,
  parseCriticTraining,
  type CriticExample,
  type CriticTrainingInput
} from '../../../../src/contract/critic-record'

export const starterModel = resolve(import.meta.dirname, '../../../../resources/starter-model')

const names = ['Tim', 'Anna', 'Ben', 'Sue']
const things = ['ball', 'cat', 'dog', 'hat', 'cake']

/** Little answers that name the thing of the prompt or another one, which is what is good or poor about them. */
export function examplesOf(count: number): CriticExample[] {
  return Array.from({ length: count }, (_, index) => {
    const [name, thing] = [names[index % 4], things[index % 5]]
    const wrong = index % 2 === 0
    const said = wrong ? things[(index + 2) % 5] : thing
    const response = `${name} had a ${said}.`
    return {
      annotationId: `annotation-${index}`,
      historySequence: 7,
      responseId: `response-${index}`,
      documentId: `document-${index}`,
      split: index % 6 === 5 ? 'dev' : index % 6 === 4 ? 'test' : 'train',
      person: 'Anna',
      messages: [{ role: 'user', content: `${name} has a ${thing}.` }],
      response,
      critique: wrong ? 'The thing is wrong.' : 'All is right.',
      spans: [
        {
          start: name.length + 1,
          end: response.length - 1,
          polarity: wrong ? 'poor' : 'good',
          reason: wrong ? 'wrong' : 'right'
        }
      ],
      weight: 1
    }
  })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The folder of a small generative critic on the starter model, ready to be trained. */
export function criticFolder(
  dir: string,
  settings: Partial<CriticTrainingInput> = {},
  examples: readonly CriticExample[] = examplesOf(36)
): string {
  const configuration = parseCriticTraining({
    ...{ kind: 'generative', base: starterModel, template: 'plain', batch: 8, steps: 6, evaluateEvery: 3 },
    ...{ lora: { rank: 4, alpha: 8 }, optimizer: { learningRate: 5e-3 }, reply: { maxNewTokens: 96 } },
    ...settings
  })
  const lines = examples.map((example) => JSON.stringify(example) + '\n').join('')
  mkdirSync(dirname(join(dir, criticFiles.examples)), { recursive: true })
  writeFileSync(join(dir, criticFiles.examples), lines)
  writeFileSync(
    join(dir, criticFiles.training),
    JSON.stringify({
      ...{ version: 1, configuration, project: 'little.t2g', splitSha256: sha256('split') },
      ...{ dataSha256: sha256(lines), dropped: [], hashes: {} }
    })
  )
  return dir
}
