import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRecord, splitRecords, type RawRecord } from '../../../src/formats/split-records'

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function recordsOf(text: string | Uint8Array, size = 7, limit?: number): Promise<RawRecord[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const records: RawRecord[] = []
  // the bytes are the splitter's own, and good until the next batch
  for await (const batch of splitRecords(chunksOf(bytes, size), limit))
    records.push(...batch.records.map(({ number, bytes }) => ({ number, bytes: bytes && bytes.slice() })))
  return records
}
const parsed = async (text: string, size?: number): Promise<unknown[]> =>
  (await recordsOf(text, size)).map((record) => parseRecord(record))
const failing = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) })

describe('cutting a file into records', () => {
  it('gives what JSON.parse gives, wherever the chunks end', async () => {
    const value = fc.jsonValue({ noUnicodeString: false })
    const space = fc.constantFrom('', ' ', '\r\n', '\t')
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 6 }),
        space,
        fc.integer({ min: 1, max: 9 }),
        async (values, gap, size) => {
          const items = values.map((item) => JSON.stringify(item))
          expect(await parsed(`${gap}[${gap}${items.join(`${gap},${gap}`)}${gap}]${gap}`, size)).toEqual(
            JSON.parse(`[${items.join()}]`)
          )
          const objects = values.map((item) => JSON.stringify({ item }))
          expect(await parsed(objects.join('\n'), size)).toEqual(
            objects.map((line) => JSON.parse(line) as unknown)
          )
        }
      ),
      { numRuns: 30 }
    )
  })

  it('takes lines with CRLF, blank lines, a byte order mark, and a last line without an end', async () => {
    const lines = await recordsOf('\ufeff{"a":1}\r\n\r\n  \n{"b":"\\r\\n\ufeff"}')
    expect(lines.map(({ number }) => number)).toEqual([1, 4])
    expect(lines.map((record) => parseRecord(record))).toEqual([{ a: 1 }, { b: '\r\n\ufeff' }])
    expect(await parsed('\ufeff[{"a":1}]')).toEqual([{ a: 1 }])
    expect(await parsed('{}')).toEqual([{}])
    expect(await parsed('[]')).toEqual([])
    expect(await parsed(' \n ')).toEqual([])
  })

  it('says where an array or a last line is cut off', async () => {
    await expect(recordsOf('[{"a":1},{"b":')).rejects.toEqual(failing('bad-json', /middle of record 2/))
    await expect(recordsOf('[{"a":1},')).rejects.toEqual(failing('bad-json', /after record 1/))
    await expect(recordsOf('[{"a":"]}')).rejects.toEqual(failing('bad-json', /middle of record 1/))
    await expect(recordsOf('{"a":1}\n{"b":"c')).rejects.toEqual(failing('bad-json', /middle of line 2/))
    await expect(recordsOf('[{"a":1} {"b":2}]')).rejects.toEqual(
      failing('bad-json', /unexpected "\{" after record 1/)
    )
    await expect(recordsOf('[{"a":1}] x')).rejects.toEqual(failing('bad-json', /unexpected "x"/))
    await expect(recordsOf('[1,,2]')).rejects.toEqual(failing('bad-json', /unexpected ","/))
  })

  it('passes over a record that is too large, and goes on', async () => {
    const large = JSON.stringify({ text: 'x]\\"},{'.repeat(20) })
    const array = await recordsOf(`[{"a":1},${large},{"b":2}]`, 7, 100)
    expect(array.map(({ number, bytes }) => [number, bytes !== null])).toEqual([
      [1, true],
      [2, false],
      [3, true]
    ])
    expect(() => parseRecord(array[1])).toThrow(failing('record-too-large', /32 MiB/))
    const lines = await recordsOf(`{"a":1}\n${large}\n{"b":2}\n`, 7, 100)
    expect(lines.map(({ bytes }) => bytes !== null)).toEqual([true, false, true])
  })

  it('refuses what is not UTF-8 text', async () => {
    await expect(recordsOf(new Uint8Array([0xff, 0xfe, 0x7b, 0]))).rejects.toEqual(
      failing('bad-encoding', /UTF-16/)
    )
    await expect(recordsOf(new Uint8Array([0x50, 0x4b, 3, 0, 0]))).rejects.toEqual(
      failing('unknown-format', /text file/)
    )
    const [record] = await recordsOf(new Uint8Array([0x7b, 0x22, 0xc3, 0x22, 0x3a, 0x31, 0x7d]))
    expect(() => parseRecord(record)).toThrow(failing('bad-encoding', /UTF-8/))
    const [broken] = await recordsOf('{"a":}\n')
    expect(() => parseRecord(broken)).toThrow(failing('bad-json', /not valid JSON/))
  })
})
