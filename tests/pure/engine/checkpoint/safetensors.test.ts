import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  encodeSafetensors,
  openSafetensors,
  readSafetensors
} from '../../../../src/engine/checkpoint/safetensors'
import { float32, int64, type ParameterSet } from '../../../../src/engine/graph/tensor'
import { failureOf, scratchFolder, writeSafetensorsFile } from './scratch'

const folder = scratchFolder()
const f32 = (shape: number[], begin: number, end: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end]
})

describe('reading and writing', () => {
  const tensors: ParameterSet = new Map([
    ['b', float32([2, 3], Float32Array.of(1, -0, 3.5, Infinity, 1e-40, NaN))],
    ['a', float32([], Float32Array.of(7))],
    ['empty', float32([0, 4], new Float32Array())]
  ])
  const path = join(folder, 'written.safetensors')
  writeFileSync(path, Buffer.concat(encodeSafetensors(tensors, { format: 'pt', note: 'Grüße' })))

  test('what is written comes back, in order and bit for bit', () => {
    expect([...readSafetensors(path)]).toEqual([...tensors])
    expect(Buffer.concat(encodeSafetensors(readSafetensors(path), { format: 'pt', note: 'Grüße' }))).toEqual(
      readFileSync(path)
    )
  })

  test('one tensor is read alone, and the metadata is there', () => {
    const file = openSafetensors(path)
    expect(file.read('a').data).toEqual(Float32Array.of(7))
    expect(file.metadata).toEqual({ format: 'pt', note: 'Grüße' })
    expect(failureOf(() => file.read('c'))).toMatchObject({ code: 'tensor-missing' })
    file.close()
  })

  test('data starts on 8 bytes, as readers that map the file want it', () => {
    const bytes = readFileSync(path)
    expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0)
  })

  test('one pass over the file also gives the hash of all of it, whatever is kept', () => {
    const wanted = createHash('sha256').update(readFileSync(path)).digest('hex')
    for (const keep of [() => true, () => false, (name: string) => name === 'b']) {
      const file = openSafetensors(path)
      const hash = createHash('sha256')
      expect([...file.readAll(keep, hash).keys()]).toEqual(['b', 'a', 'empty'].filter(keep))
      expect(hash.digest('hex')).toBe(wanted)
      file.close()
    }
  })

  test('tensors may lie in another order than the header names them', () => {
    const path = writeSafetensorsFile(folder, { last: f32([1], 4, 8), first: f32([1], 0, 4) }, 8)
    expect([...readSafetensors(path).keys()]).toEqual(['last', 'first'])
  })

  test('only float32 is written', () => {
    const ids = new Map([['ids', int64([1], BigInt64Array.of(1n))]])
    expect(failureOf(() => encodeSafetensors(ids))).toMatchObject({ code: 'architecture-unsupported' })
  })
})

describe('16-bit floats are widened exactly', () => {
  const read16 = (dtype: string, halves: number[]) => {
    const path = writeSafetensorsFile(
      folder,
      { t: { dtype, shape: [halves.length], data_offsets: [0, 2 * halves.length] } },
      2 * halves.length
    )
    const bytes = readFileSync(path)
    Buffer.from(Uint16Array.from(halves).buffer).copy(bytes, bytes.length - 2 * halves.length)
    writeFileSync(path, bytes)
    return [...(readSafetensors(path).get('t')?.data ?? [])]
  }

  test('F16', () => {
    const halves = [0x0000, 0x8000, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00]
    const values = [
      0,
      -0,
      1,
      -2,
      0.333251953125,
      65504,
      2 ** -14,
      1023 * 2 ** -24,
      2 ** -24,
      Infinity,
      -Infinity
    ]
    expect(read16('F16', halves)).toEqual(values)
    expect(read16('F16', [0x7e00])).toEqual([NaN])
  })

  test('BF16', () => {
    expect(read16('BF16', [0x3f80, 0xc000, 0x0001, 0x7f80, 0x8000])).toEqual([
      1,
      -2,
      9.183549615799121e-41,
      Infinity,
      -0
    ])
  })

  test('other types are refused by name', () => {
    const path = writeSafetensorsFile(folder, { t: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8)
    expect(failureOf(() => readSafetensors(path))).toMatchObject({
      code: 'architecture-unsupported',
      message: expect.stringMatching(/model\.safetensors: tensor "t" holds I64 values/) as string
    })
  })
})

describe('a damaged or hostile file gives one sentence that names file and tensor', () => {
  const cases: Record<string, [header: unknown, dataBytes: number, message: RegExp, declared?: bigint]> = {
    'a header of 2^60 bytes': ['{}', 0, /the header claims 1152921504606846976 bytes/, 1n << 60n],
    'a header longer than the file by one': ['{}', 0, /the header claims 3 bytes/, 3n],
    'a header of all ones': ['{}', 0, /the header claims 18446744073709551615/, (1n << 64n) - 1n],
    'no JSON': ['{"a":', 0, /not valid JSON/],
    'an array': ['[]', 0, /not a JSON object/],
    'a number': ['12345678', 0, /not a JSON object/],
    'an empty header': ['', 0, /not valid JSON/],
    'deep nesting': ['['.repeat(100_000), 0, /not valid JSON/],
    'overlapping tensors': [
      { one: f32([2], 0, 8), two: f32([2], 4, 12) },
      12,
      /tensor "two" overlaps another/
    ],
    'the same bytes twice': [{ one: f32([2], 0, 8), two: f32([2], 0, 8) }, 8, /tensor "two" overlaps/],
    'a gap': [{ one: f32([1], 0, 4), two: f32([1], 8, 12) }, 12, /gap before tensor "two"/],
    'bytes that belong to no tensor': [{ one: f32([1], 0, 4) }, 8, /4 bytes at its end belong to no tensor/],
    'data cut off': [{ one: f32([4], 0, 16) }, 8, /tensor "one" reaches outside the file/],
    'an offset beyond 2^53': [
      '{"one":{"dtype":"F32","shape":[1],"data_offsets":[0,9007199254740993]}}',
      4,
      /tensor "one" has no valid data offsets/
    ],
    'offsets in the wrong order': [{ one: f32([1], 4, 0) }, 4, /tensor "one" reaches outside/],
    'a negative offset': [{ one: f32([1], -4, 0) }, 4, /tensor "one" has no valid data offsets/],
    'a shape that asks for more': [
      { one: f32([2, 2], 0, 4) },
      4,
      /takes 4 bytes where its shape \[2, 2\] asks for 16/
    ],
    'a shape whose product overflows': [
      { one: f32([2 ** 32, 2 ** 32, 2 ** 32], 0, 4) },
      4,
      /tensor "one" takes 4 bytes/
    ],
    'a negative extent': [{ one: f32([-1], 0, 4) }, 4, /tensor "one" has no valid shape/],
    'a fractional extent': [{ one: f32([0.5], 0, 2) }, 2, /tensor "one" has no valid shape/],
    'an unknown type': [
      { one: { dtype: 'F31', shape: [1], data_offsets: [0, 4] } },
      4,
      /tensor "one" has no known data type/
    ],
    'a type that is a property of every object': [
      { one: { dtype: 'constructor', shape: [1], data_offsets: [0, 4] } },
      4,
      /tensor "one" has no known data type/
    ],
    'an unknown field': [
      { one: { ...f32([1], 0, 4), strides: [1] } },
      4,
      /tensor "one" has an unknown field "strides"/
    ],
    'a tensor that is no object': [{ one: 3 }, 0, /tensor "one" is not described/],
    'a name twice': [
      '{"one":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u006fne":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /names "one" twice/
    ],
    'metadata that is no table of texts': [{ __metadata__: { a: 1 } }, 0, /metadata/]
  }
  test.each(Object.entries(cases))('%s', (_, [header, dataBytes, message, declared]) => {
    const path = writeSafetensorsFile(folder, header, dataBytes, declared)
    const failure = failureOf(() => openSafetensors(path))
    expect(failure.code).toBe('checkpoint-corrupt')
    expect(failure.message).toContain(path)
    expect(failure.message).toMatch(message)
  })

  test('a name of a property of every object is only a name', () => {
    const path = writeSafetensorsFile(
      folder,
      '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4
    )
    expect([...readSafetensors(path).keys()]).toEqual(['__proto__'])
  })

  test('broken UTF-8', () => {
    const path = writeSafetensorsFile(folder, '{"a":0}', 0)
    const bytes = readFileSync(path)
    bytes[10] = 0xff
    writeFileSync(path, bytes)
    expect(failureOf(() => openSafetensors(path)).message).toMatch(/not valid UTF-8/)
  })

  test('an empty file, a stump, a folder, nothing there', () => {
    const path = writeSafetensorsFile(folder, {}, 0)
    truncateSync(path, 5)
    expect(failureOf(() => openSafetensors(path))).toMatchObject({ code: 'checkpoint-corrupt' })
    truncateSync(path, 0)
    expect(failureOf(() => openSafetensors(path))).toMatchObject({ code: 'empty-file' })
    mkdirSync(join(folder, 'directory'))
    expect(failureOf(() => openSafetensors(join(folder, 'directory')))).toMatchObject({ code: 'not-a-file' })
    expect(failureOf(() => openSafetensors(join(folder, 'absent')))).toMatchObject({ code: 'not-found' })
    expect(failureOf(() => openSafetensors('/dev/null'))).toMatchObject({ code: 'not-a-file' })
  })

  test('a file that became shorter after it was opened', () => {
    const path = writeSafetensorsFile(folder, { one: f32([4], 0, 16) }, 16)
    const file = openSafetensors(path)
    truncateSync(path, 70)
    expect(failureOf(() => file.read('one'))).toMatchObject({ code: 'checkpoint-corrupt' })
    file.close()
  })
})
