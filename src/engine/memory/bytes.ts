import type { DataType } from '../graph'

/** Bytes of an element. */
export const bytesOfType: Readonly<Record<DataType, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
  uint4: 0.5
}
