import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { outlineModelFolder } from '../../engine/checkpoint/model-folder'
import { createScorer } from '../../engine/rl/scorer'
import { Failure } from '../../pipeline/failure'
import { openModelTokenizer } from './tokenizer'
import { checkSequence, openModel, type ModelChoice } from './open'

/** Sequences scored at once. */
const batch = 8

/**
 * Log-probability in nats of every token after the first, for each sequence. Sequences of like length share a session:
 * lengths are rounded up to a power of two.
 */
export async function scoreSequences(
  choice: ModelChoice,
  sequences: readonly (readonly number[])[]
): Promise<{ logProbs: number[][] }> {
  const { model, trainable, parameters, runtime } = await openModel(choice)
  for (const ids of sequences) checkSequence(model, ids)
  const logProbs: number[][] = sequences.map(() => [])
  for (const [length, rows] of byLength(sequences)) {
    const size = Math.min(batch, rows.length)
    const scorer = await createScorer({ model, trainable, batch: size, length, runtime })
    for (let first = 0; first < rows.length; first += size) {
      const part = rows.slice(first, first + size)
      const ids = new BigInt64Array(size * length)
      part.forEach((row, index) => ids.set(BigInt64Array.from(sequences[row], BigInt), index * length))
      const scores = await scorer.score({ ids, temperature: 1, parameters })
      part.forEach((row, index) => {
        const start = index * length
        logProbs[row] = [...scores.logProbs.subarray(start, start + sequences[row].length - 1)]
      })
    }
    await scorer.release()
  }
  return { logProbs }
}

/** Rounded length → indices of the sequences that need it. Sequences of one token have nothing to score. */
function byLength(sequences: readonly (readonly number[])[]): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  sequences.forEach(({ length }, index) => {
    if (length < 2) return
    const rounded = sequences.length === 1 ? length : 2 ** Math.ceil(Math.log2(length))
    groups.set(rounded, [...(groups.get(rounded) ?? []), index])
  })
  return groups
}

/**
 * `scoreSequences` of a JSONL file: `{"ids":[…]}` a line, or `{"prompt","response"}`, which needs the model's
 * tokenizer and is encoded as for training, without a chat template. One list of log-probabilities a line, in order.
 */
export async function scoreFile(choice: ModelChoice, file: string): Promise<{ logProbs: number[][] }> {
  const stat = statSync(file)
  if (!stat.isFile()) throw new Failure('not-a-file', `${file} is a folder, not a file.`)
  if (stat.size === 0) throw new Failure('empty-file', `${file} is empty.`)
  const { config } = await outlineModelFolder(choice.model)
  let tokenizer: ReturnType<typeof openModelTokenizer>['tokenizer'] | null = null
  const sequences: number[][] = []
  let number = 0
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++
    if (line.trim() === '') continue
    const { ids, prompt, response } = parseLine(line, `${file}, line ${number}`)
    if (ids) sequences.push(ids)
    else {
      tokenizer ??= openModelTokenizer(choice.model, config).tokenizer
      const question = tokenizer.prompt([{ role: 'user', content: prompt }], 'none')
      sequences.push([...question, ...tokenizer.encode(response)])
    }
  }
  return scoreSequences(choice, sequences)
}

function parseLine(line: string, where: string): { ids?: number[]; prompt: string; response: string } {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (error) {
    throw new Failure('bad-json', `${where} is not valid JSON (${(error as Error).message}).`)
  }
  const { ids, prompt = '', response = '' } = (json ?? {}) as Record<string, unknown>
  const isIds = Array.isArray(ids) && ids.every((id) => Number.isInteger(id))
  const isTexts = typeof prompt === 'string' && typeof response === 'string' && `${prompt}${response}` !== ''
  if (!isIds && !isTexts)
    throw new Failure('bad-record', `${where} has neither "ids" nor "prompt" and "response".`)
  return { ids: isIds ? (ids as number[]) : undefined, prompt: String(prompt), response: String(response) }
}
