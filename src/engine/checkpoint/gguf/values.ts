/** A metadata value of a GGUF file, with its type. Of the 64-bit numbers only those below 2^53 are kept. */
export type GgufValue =
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | GgufArray

export type GgufArray =
  | { readonly type: 'array'; readonly of: NumberType; readonly value: readonly number[] }
  | { readonly type: 'array'; readonly of: 'bool'; readonly value: readonly boolean[] }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] }

export type NumberType =
  'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'uint64' | 'int64' | 'float64'

export type ScalarType = NumberType | 'bool' | 'string'

/** Keys and values in the order of the file. */
export type GgufMetadata = ReadonlyMap<string, GgufValue>

/** Value types by their number in the file; 9 is an array. */
export const valueTypes: readonly (ScalarType | 'array')[] = [
  ...(['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'bool', 'string', 'array'] as const),
  ...(['uint64', 'int64', 'float64'] as const)
]

/** Bytes of a number; a bool is one byte. */
export const valueBytes: Readonly<Record<NumberType | 'bool', number>> = {
  ...{ uint8: 1, int8: 1, bool: 1, uint16: 2, int16: 2 },
  ...{ uint32: 4, int32: 4, float32: 4, uint64: 8, int64: 8, float64: 8 }
}

export const uint32 = (value: number): GgufValue => ({ type: 'uint32', value })
export const float32 = (value: number): GgufValue => ({ type: 'float32', value })
export const bool = (value: boolean): GgufValue => ({ type: 'bool', value })
export const string = (value: string): GgufValue => ({ type: 'string', value })
export const strings = (value: readonly string[]): GgufValue => ({ type: 'array', of: 'string', value })
export const floats = (value: readonly number[]): GgufValue => ({ type: 'array', of: 'float32', value })
export const integers = (value: readonly number[]): GgufValue => ({ type: 'array', of: 'int32', value })
