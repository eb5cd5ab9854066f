import fc from 'fast-check'
import { safetensorsBytes } from '../../../pure/engine/checkpoint/safetensors-bytes'

/** Turns the bytes of a file into others. */
export type Mutation = (bytes: Buffer) => Uint8Array

type Json = Record<string, unknown>

/** Values that parsers trip over. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    ...[-1, 0, 0.5, 1e9, 1e21, 2 ** 31, 2 ** 53, 2 ** 60, -(2 ** 63), null, '', '1', [], {}, [[]], true],
    ...['F16', 'BF16', 'I64', 'F64', 'constructor', '__proto__', '../../etc/passwd', '/etc/passwd', '(a+)+$'],
    ...[
      'BPE',
      'Unigram',
      'WordPiece',
      'Split',
      'Replace',
      'ByteLevel',
      'Metaspace',
      'qwen2',
      'gpt2',
      'linear'
    ],
    '{% for a in range(1000000000) %}{{ a }}{% endfor %}'
  )
)

/** Changes to single bytes, cuts and insertions. */
export const byteMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc
    .array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes)
      for (const [at, value] of changes) changed[at % Math.max(1, changed.length)] = value
      return changed
    }),
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 40 })).map(([at, more]) => (bytes: Buffer) => {
    const cut = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, cut), more, bytes.subarray(cut)])
  }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((length) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes)
    if (changed.length >= 8) changed.writeBigUInt64LE(length)
    return changed
  })
)

/** Changes one field of one tensor's description, or its name, and keeps the rest of the file. */
const headerMutation: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.nat(),
    fc.constantFrom('dtype', 'shape', 'data_offsets', 'element', 'name', 'drop', 'copy'),
    fc.nat(3),
    oddValue
  )
  .map(([which, field, element, value]) => (bytes: Buffer) => {
    const length = Number(bytes.readBigUInt64LE())
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Json
    const names = Object.keys(header)
    const name = names[which % names.length]
    const entry = header[name] as Json
    if (field === 'drop') delete header[name]
    else if (field === 'name') {
      delete header[name]
      header[String(value)] = entry
    } else if (field === 'copy') header[`${name}.copy`] = entry
    else if (field === 'element') {
      const list = entry[element % 2 === 0 ? 'shape' : 'data_offsets']
      if (Array.isArray(list)) list[element >> 1] = value
    } else entry[field] = value
    return Buffer.concat([safetensorsBytes(header, 0), bytes.subarray(8 + length)])
  })

/** Walks down into a JSON value, choosing by `path` at every turn, and changes what it comes to. */
function changeWithin(
  value: unknown,
  path: readonly number[],
  change: (place: Json | unknown[], key: string) => void
): void {
  let [place, key] = [value, '']
  let parent: Json | unknown[] | null = null
  for (const turn of path) {
    if (place === null || typeof place !== 'object') break
    const keys = Object.keys(place)
    if (keys.length === 0) break
    parent = place as Json | unknown[]
    key = keys[turn % keys.length]
    place = (parent as Json)[key]
  }
  if (parent) change(parent, key)
}

/** Changes, drops, doubles or adds one value of a JSON file, at the top or anywhere within. */
const jsonMutation: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    oddValue,
    fc.constantFrom('change', 'change', 'drop', 'rope', 'add', 'double')
  )
  .map(([path, value, how]) => (bytes: Buffer) => {
    const json = JSON.parse(bytes.toString('utf8')) as Json
    changeWithin(json, path, (place, key) => {
      const within = place as Json
      if (how === 'change') within[key] = value
      else if (how === 'drop') delete within[key]
      else if (how === 'double') within[`${key}${key}`] = within[key]
      else if (how === 'rope')
        json[path[0] % 2 === 0 ? 'rope_scaling' : 'rope_parameters'] = { rope_type: value, factor: value }
      else within[`rope_${key}`] = value
    })
    return Buffer.from(JSON.stringify(json))
  })

export const weightsMutation = fc.oneof(byteMutation, headerMutation)
export const jsonFileMutation = fc.oneof({ weight: 3, arbitrary: jsonMutation }, byteMutation)
