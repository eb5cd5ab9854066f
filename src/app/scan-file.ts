import type { CancelSignal } from '../contract/critic'
import { detectFormat, formatNamed } from '../formats'
import type { RecordFormat } from '../formats/format'
import { OffsetUnitVote } from '../formats/offset-unit'
import { parseRecord, type Layout, type RawRecord } from '../formats/split-records'
import { t2gJsonl } from '../formats/t2g-jsonl'
import type { OffsetUnit } from '../pipeline/annotate/code-points'
import { Failure } from '../pipeline/failure'
import type { RecordFile } from './record-file'

export interface Scan {
  readonly format: RecordFormat
  readonly layout: Layout
  readonly unit: OffsetUnit
  readonly records: number
}

/** Bytes of the largest record that is parsed whole in the first reading, to tell the unit. */
const mostToVote = 1 << 22

/**
 * The first of two readings of a file, which writes nothing: whether it is whole, in which format, how many records,
 * and in which unit it counts offsets.
 * @throws Failure unknown-format, empty-file, bad-json, bad-encoding, record-too-large, cancelled, unreadable
 */
export async function scanFile(
  file: RecordFile,
  wanted: string,
  signal?: CancelSignal,
  onBytes?: (done: number) => void
): Promise<Scan> {
  const named = wanted === 'auto' ? null : formatNamed(wanted)
  const vote = new OffsetUnitVote()
  let format: RecordFormat | null = null
  let layout: Layout = 'lines'
  let records = 0
  let problem: Failure | null = null
  for await (const batch of file.batches(signal, onBytes)) {
    layout = batch.layout
    for (const raw of batch.records) {
      records++
      const large = (raw.bytes?.length ?? 0) > mostToVote
      if (format && (!format.quotes || large)) continue
      try {
        const parsed = parseRecord(raw, { outline: large })
        format ??= chooseFormat(file, named, parsed)
        if (large) continue
        for (const quoted of format.quotes?.(parsed) ?? []) vote.add(quoted)
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code === 'unknown-format') throw thrown
        problem ??= new Failure(thrown.code, file.sentence(recordName(layout, raw.number), thrown))
        if (!format && thrown.code === 'bad-json' && !startsLikeJson(raw)) throw unknown(file)
      }
    }
  }
  if (!format) throw problem ?? file.empty()
  return { format, layout, unit: vote.winner(), records }
}

export const recordName = (layout: Layout, number: number): string =>
  `${layout === 'array' ? 'record' : 'line'} ${number}`

function chooseFormat(file: RecordFile, named: RecordFormat | null, first: unknown): RecordFormat {
  // our own format announces itself, whatever it was taken for
  if (t2gJsonl.detects(first)) return t2gJsonl
  if (!named) {
    const found = detectFormat(first)
    if (found) return found
    throw unknown(file)
  }
  if (named.detects(first)) return named
  throw new Failure(
    'unknown-format',
    `${file.name} is not in the format ${named.name}; leave the format out to have it recognised.`
  )
}

const startsLikeJson = ({ bytes }: RawRecord): boolean =>
  bytes !== null && /^\s*[[{]/.test(String.fromCharCode(...bytes.subarray(0, 64)))

const unknown = (file: RecordFile): Failure =>
  new Failure(
    'unknown-format',
    `${file.name} is in no format that this program reads; convert it to JSONL with "prompt" and "response", or name its format.`
  )
