/** Bytes that a buffer has to begin with, and goes back to. */
const firstCapacity = 1 << 16

/** `ArrayBuffer.resize` of ECMAScript 2024, where the program runs on an engine that has it. */
interface Memory extends ArrayBuffer {
  resize?(bytes: number): void
}
const MemoryOfSize = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number }
) => Memory

/**
 * Memory for one record. It grows where it lies, and is given back at once; with an older engine it is made anew, and
 * given back when the collector comes by.
 */
export class RecordBuffer {
  bytes = new Uint8Array(0)
  private memory: Memory

  constructor(private readonly limit: number) {
    const maxByteLength = Math.max(limit, firstCapacity)
    this.memory = new MemoryOfSize(firstCapacity, { maxByteLength })
    // A view without a length follows its memory.
    this.bytes = new Uint8Array(this.memory)
  }

  /** Room for `length` bytes, at most the limit; what is there stays. */
  ensure(length: number): void {
    if (length <= this.bytes.length) return
    const capacity = Math.min(this.limit, Math.max(length, 8 * this.bytes.length))
    if (this.memory.resize) return this.memory.resize(capacity)
    const larger = new Uint8Array(capacity)
    larger.set(this.bytes)
    this.bytes = larger
  }

  /** Nobody reads what is there any more. */
  release(): void {
    if (this.bytes.length <= firstCapacity) return
    if (this.memory.resize) this.memory.resize(firstCapacity)
    else this.bytes = new Uint8Array(firstCapacity)
  }
}
