import { Failure } from '../pipeline/failure'
import { parseLarge } from './large-record'
import { RecordBuffer } from './record-buffer'

/** The bytes of one record of a file, not yet parsed. */
export interface RawRecord {
  /** Line of a file of lines, place in an array; from 1. */
  readonly number: number
  /** Good until the next batch, and to be parsed once. null: the record is over the limit and was passed over. */
  readonly bytes: Uint8Array | null
  /** Gives the bytes' memory back before that. */
  readonly release?: () => void
}

export type Layout = 'array' | 'lines'
/** The records that one chunk of the file completed. */
export interface RecordBatch {
  readonly layout: Layout
  readonly records: readonly RawRecord[]
}

/** 32 MiB: no honest record is larger, and memory stays bounded. */
export const largestRecord = 32 * 1024 * 1024

const space = new Set([0x20, 0x09, 0x0a, 0x0d])
const [quote, backslash, comma, opening, closing] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d]
const [openBrace, closeBrace, newline, carriageReturn] = [0x7b, 0x7d, 0x0a, 0x0d]

/**
 * Cuts a file into records without holding more than one: the elements of a JSON array, or lines. UTF-8, with or
 * without a byte order mark. Works on bytes, because every structural character of JSON is one byte.
 * @throws Failure bad-encoding (UTF-16), bad-json (an array that is cut off or malformed between records, or a last
 * line that is cut off)
 */
export async function* splitRecords(
  chunks: AsyncIterable<Uint8Array>,
  limit = largestRecord
): AsyncGenerator<RecordBatch> {
  let splitter: LineSplitter | ArraySplitter | null = null
  let head = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (splitter) {
      yield { layout: splitter.layout, records: splitter.push(chunk) }
      continue
    }
    head = concatenate([head, chunk])
    if (head.length < 3) continue
    const start = firstByte(head)
    if (start < head.length) {
      splitter = splitterFor(head[start], new Pieces(limit))
      yield { layout: splitter.layout, records: splitter.push(head.subarray(start)) }
    }
  }
  if (!splitter) {
    const start = firstByte(head)
    if (start === head.length) return
    splitter = splitterFor(head[start], new Pieces(limit))
    yield { layout: splitter.layout, records: splitter.push(head.subarray(start)) }
  }
  yield { layout: splitter.layout, records: splitter.end() }
}

const splitterFor = (first: number, pieces: Pieces): LineSplitter | ArraySplitter =>
  first === opening ? new ArraySplitter(pieces) : new LineSplitter(pieces)

/** Index of the first byte that is neither byte order mark nor space; the length where there is none. */
function firstByte(head: Uint8Array): number {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    throw new Failure('bad-encoding', 'it is UTF-16, not UTF-8; save it again as UTF-8')
  if (head.includes(0)) throw new Failure('unknown-format', 'it is not a text file; choose JSON or JSONL')
  let at = markLength(head)
  while (at < head.length && space.has(head[at])) at++
  return at
}

const markLength = (head: Uint8Array): number =>
  head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * Collects the pieces of one record; past the limit it only counts. Two buffers take turns, because a record that was
 * taken is still being read while the next one begins.
 */
class Pieces {
  private filling: RecordBuffer
  private taken: RecordBuffer
  private length = 0

  constructor(private readonly limit: number) {
    this.filling = new RecordBuffer(limit)
    this.taken = new RecordBuffer(limit)
  }

  /** The records of the batch before have been read. */
  nextBatch(): void {
    this.taken.release()
  }

  add(part: Uint8Array): void {
    const start = this.length
    this.length += part.length
    if (this.length > this.limit) return
    this.filling.ensure(this.length)
    this.filling.bytes.set(part, start)
  }

  /** The record, to be read before the next batch. */
  take(number: number, last: Uint8Array): RawRecord {
    if (this.length === 0) return { number, bytes: last.length > this.limit ? null : last }
    this.add(last)
    const { filling, taken, length } = this
    this.filling = taken
    this.taken = filling
    this.length = 0
    if (length > this.limit) return { number, bytes: null }
    return { number, bytes: filling.bytes.subarray(0, length), release: () => filling.release() }
  }
}

class LineSplitter {
  readonly layout = 'lines'
  private line = 0

  constructor(private readonly pieces: Pieces) {}

  push(chunk: Uint8Array): RawRecord[] {
    this.pieces.nextBatch()
    const records: RawRecord[] = []
    let start = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
      this.finish(records, chunk.subarray(start, at))
      start = at + 1
    }
    this.pieces.add(chunk.subarray(start))
    return records
  }

  end(): RawRecord[] {
    const records: RawRecord[] = []
    this.finish(records, new Uint8Array(0))
    const last = records.at(-1)?.bytes
    if (last && isCutOff(last))
      throw new Failure(
        'bad-json',
        `it is cut off in the middle of line ${this.line}; copy or export the whole file again`
      )
    return records
  }

  private finish(records: RawRecord[], end: Uint8Array): void {
    const record = this.pieces.take(++this.line, end)
    if (record.bytes === null || !isBlank(record.bytes)) records.push(record)
  }
}

/** Where a byte stands: inside a string or not, and how deep. */
class Scanner {
  depth = 0
  inString = false
  private escaped = false

  see(byte: number): void {
    if (this.inString) {
      if (this.escaped) this.escaped = false
      else if (byte === backslash) this.escaped = true
      else if (byte === quote) this.inString = false
    } else if (byte === quote) this.inString = true
    else if (byte === openBrace || byte === opening) this.depth++
    else if (byte === closeBrace || byte === closing) this.depth--
  }
}

class ArraySplitter {
  readonly layout = 'array'
  private scanner = new Scanner()
  private number = 0
  private state: 'before' | 'first' | 'value' | 'inside' | 'after' | 'done' = 'before'

  constructor(private readonly pieces: Pieces) {}

  push(chunk: Uint8Array): RawRecord[] {
    this.pieces.nextBatch()
    const records: RawRecord[] = []
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (this.state === 'inside') {
        const top = this.scanner.depth === 0 && !this.scanner.inString
        if (top && (byte === comma || byte === closing)) {
          // the end of a number or a word
          this.finish(records, chunk.subarray(start, at))
          this.between(byte)
        } else {
          this.scanner.see(byte)
          if (this.scanner.depth === 0 && (byte === closeBrace || byte === closing))
            this.finish(records, chunk.subarray(start, at + 1))
        }
      } else if (!space.has(byte) && this.between(byte)) {
        start = at
        this.scanner = new Scanner()
        this.scanner.see(byte)
        this.state = 'inside'
      }
    }
    if (this.state === 'inside') this.pieces.add(chunk.subarray(start))
    return records
  }

  end(): RawRecord[] {
    if (this.state !== 'done')
      throw new Failure(
        'bad-json',
        `it is cut off ${this.state === 'inside' ? 'in the middle of' : 'after'} record ${this.state === 'inside' ? this.number + 1 : this.number}; copy or export the whole file again`
      )
    return []
  }

  /** A byte outside every record. @returns whether a record begins here */
  private between(byte: number): boolean {
    if (this.state === 'before') this.state = 'first'
    else if (byte === closing && (this.state === 'first' || this.state === 'after')) this.state = 'done'
    else if (byte === comma && this.state === 'after') this.state = 'value'
    else if (byte !== comma && byte !== closing && (this.state === 'first' || this.state === 'value'))
      return true
    else
      throw new Failure(
        'bad-json',
        `it is not a JSON array: there is an unexpected "${String.fromCharCode(byte)}" after record ${this.number}; mend it there`
      )
    return false
  }

  private finish(records: RawRecord[], last: Uint8Array): void {
    this.number++
    this.state = 'after'
    records.push(this.pieces.take(this.number, last))
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => space.has(byte) || byte === carriageReturn)
}

/** Whether brackets or a string are still open at the end. */
function isCutOff(bytes: Uint8Array): boolean {
  const scanner = new Scanner()
  for (const byte of bytes) scanner.see(byte)
  return scanner.inString || scanner.depth > 0
}

/**
 * Parses the bytes of a record, which are used up. `outline`: a record of megabytes need not have its long strings.
 * @throws Failure record-too-large, bad-encoding, bad-json
 */
export function parseRecord({ bytes, release }: RawRecord, { outline = false } = {}): unknown {
  if (bytes === null)
    throw new Failure('record-too-large', 'it is larger than 32 MiB; split it into smaller records')
  try {
    const large = parseLarge(bytes, { outline })
    if (large) {
      release?.()
      return large.value
    }
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError))
      throw new Failure('bad-encoding', 'it is not valid UTF-8; save the file again as UTF-8')
    throw new Failure('bad-json', `it is not valid JSON (${thrown.message}); mend it`)
  }
}
