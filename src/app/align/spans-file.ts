import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { AlignInput } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'

/** The text of a UTF-8 file, byte for byte. @throws Failure not-found, not-a-file, unreadable, bad-encoding */
export function readText(file: string): string {
  let bytes: Buffer
  try {
    if (statSync(file).isDirectory())
      throw new Failure('not-a-file', `${file} is a folder; name a file inside it.`)
    bytes = readFileSync(file)
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Failure('not-found', `There is no file ${file}: check the path or the name.`)
    throw new Failure('unreadable', `${file} could not be read; check its permissions and the disk.`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Failure('bad-encoding', `${basename(file)} is not valid UTF-8; save it again as UTF-8.`)
  }
}

/**
 * `[{ "quote", "occurrence"?, "label" } or { "start", "end", "label" }]`; labels are weights in [−1, 1].
 * @throws Failure those of `readText`, empty-file, bad-json, bad-record
 */
export function readSpans(file: string): AlignInput[] {
  const name = basename(file)
  const text = readText(file)
  if (text.trim() === '') throw new Failure('empty-file', `${name} is empty; it needs a list of spans.`)
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (thrown) {
    throw new Failure('bad-json', `${name} is not valid JSON: ${(thrown as Error).message}; mend it.`)
  }
  if (!Array.isArray(json))
    throw new Failure('bad-record', `${name} must hold a list of spans; wrap them in [ ].`)
  return json.map((span, index) => toInput(span, `${name}, span ${index + 1}`))
}

function toInput(span: unknown, where: string): AlignInput {
  const wrong = (what: string): Failure => new Failure('bad-record', `${where}: ${what}.`)
  if (span === null || typeof span !== 'object') throw wrong('it must be an object')
  const { quote, occurrence, start, end, label } = span as Record<string, unknown>
  if (typeof label !== 'number' || !(label >= -1 && label <= 1))
    throw wrong('"label" must be a number in [−1, 1]')
  if (quote !== undefined && typeof quote !== 'string') throw wrong('"quote" must be a text')
  if (occurrence !== undefined && !isCount(occurrence, 1))
    throw wrong('"occurrence" must be a whole number from 1')
  if ((start === undefined) !== (end === undefined)) throw wrong('"start" and "end" come together')
  if (start !== undefined && !(isCount(start, 0) && isCount(end, 0)))
    throw wrong('"start" and "end" must be whole numbers from 0')
  if (start === undefined && quote === undefined) throw wrong('it needs a "quote", or "start" and "end"')
  return {
    weight: label,
    ...(quote === undefined ? {} : { quote }),
    ...(occurrence === undefined ? {} : { occurrence: occurrence as number }),
    ...(start === undefined ? {} : { start: start as number, end: end as number })
  }
}

const isCount = (value: unknown, least: number): boolean => Number.isInteger(value) && Number(value) >= least
