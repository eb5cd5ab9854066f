import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { toFailure } from '../contract/errors'
import { writeWhole } from '../files/atomic-file'
import type { CritiqueStore, OkCritique } from './cache'

const offset = z.int().min(0)
const share = z.number().min(0).max(1)

const okCritique: z.ZodType<OkCritique> = z
  .looseObject({
    status: z.literal('ok'),
    critique: z.string(),
    spans: z.array(
      z.looseObject({
        quote: z.string().min(1),
        occurrence: z.int().min(1).optional(),
        start: offset.optional(),
        end: offset.optional(),
        polarity: z.enum(['good', 'poor', 'neutral']),
        reason: z.string().optional(),
        category: z.string().optional(),
        confidence: share.optional()
      })
    ),
    nothingNotable: z.literal(true).optional(),
    confidence: share.optional(),
    verdict: z.enum(['pass', 'fail', 'timeout', 'killed', 'error']).optional()
  })
  .refine(({ spans, nothingNotable }) => spans.length > 0 || nothingNotable === true)

const line = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  sum: z.string(),
  critique: okCritique
})

/** Catches what a damaged disk or an editor changed: a line that does not match its sum is no line. */
const sumOf = (key: string, critique: OkCritique): string =>
  createHash('sha256')
    .update(key + JSON.stringify(critique))
    .digest('hex')
    .slice(0, 16)

/** Bytes that a file may grow to: 64 MiB, of which the newer half is kept. */
const LARGEST = 64 * 1024 * 1024

/**
 * Critiques in one file, a JSON object a line, appended as they come. A line that is damaged, cut off or of another
 * shape is passed over and counted, and its answer is asked about again. A file past its bound keeps its newer half.
 * Where nothing can be written, what is known still is.
 */
export class CritiqueFile implements CritiqueStore {
  private readonly critiques = new Map<string, OkCritique>()
  private size = 0
  private writable = true
  /** Lines that could not be used. */
  damaged = 0

  constructor(
    readonly path: string,
    private readonly log: (line: string) => void = () => undefined,
    private readonly largest = LARGEST
  ) {
    const text = this.readEnd()
    for (const one of text.split('\n')) if (one !== '') this.take(one)
    if (this.damaged > 0)
      this.log(`${this.damaged} lines of the critic's cache were damaged and are not used`)
    // A line that was cut off would swallow the next one.
    if (text !== '' && !text.endsWith('\n')) this.append('\n')
  }

  get count(): number {
    return this.critiques.size
  }

  get(key: string): OkCritique | undefined {
    return this.critiques.get(key)
  }

  put(key: string, critique: OkCritique): void {
    if (this.critiques.has(key)) return
    this.critiques.set(key, critique)
    const text = lineOf(key, critique)
    if (this.size + Buffer.byteLength(text) > this.largest) this.shrink()
    else this.append(text)
  }

  private take(text: string): void {
    try {
      const json: unknown = JSON.parse(text)
      const { key, sum, critique } = line.parse(json)
      if (sum !== sumOf(key, (json as { critique: OkCritique }).critique)) throw new Error('sum')
      this.critiques.set(key, critique)
    } catch {
      this.damaged++
    }
  }

  /** The last bytes of the file, at most as many as it may have; no file is an empty one. */
  private readEnd(): string {
    let handle: number
    try {
      handle = openSync(this.path, 'r')
    } catch (error) {
      if (toFailure(error).code !== 'not-found') this.giveUp(error)
      return ''
    }
    try {
      this.size = fstatSync(handle).size
      const bytes = Buffer.alloc(Math.min(this.size, this.largest))
      const read = readSync(handle, bytes, 0, bytes.length, this.size - bytes.length)
      return bytes.toString('utf8', 0, read)
    } catch (error) {
      this.giveUp(error)
      return ''
    } finally {
      closeSync(handle)
    }
  }

  private append(text: string): void {
    this.write(() => {
      mkdirSync(dirname(this.path), { recursive: true })
      appendFileSync(this.path, text)
      this.size += Buffer.byteLength(text)
    })
  }

  /** Writes the newer ones, up to half of the bound, as a whole file in place of this one. */
  private shrink(): void {
    const kept: [string, OkCritique][] = []
    let size = 0
    for (const entry of [...this.critiques].reverse()) {
      size += Buffer.byteLength(lineOf(...entry))
      if (size > this.largest / 2) break
      kept.unshift(entry)
    }
    this.critiques.clear()
    for (const [key, critique] of kept) this.critiques.set(key, critique)
    this.write(() => {
      const text = kept.map((entry) => lineOf(...entry)).join('')
      writeWhole(this.path, text)
      this.size = Buffer.byteLength(text)
    })
  }

  private write(work: () => void): void {
    if (!this.writable) return
    try {
      work()
    } catch (error) {
      this.giveUp(error)
    }
  }

  private giveUp(error: unknown): void {
    this.writable = false
    this.log(`the critic's cache cannot be used (${toFailure(error).code}); answers are asked about again`)
  }
}

const lineOf = (key: string, critique: OkCritique): string =>
  JSON.stringify({ key, sum: sumOf(key, critique), critique }) + '\n'
