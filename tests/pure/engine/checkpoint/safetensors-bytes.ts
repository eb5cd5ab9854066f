/** Bytes of a safetensors file with this header (text or JSON value) and this much data. */
export function safetensorsBytes(header: unknown, dataBytes: number, declaredLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, declaredLength ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}
