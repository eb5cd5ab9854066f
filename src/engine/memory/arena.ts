/** Sizes are rounded up to a multiple of this (bytes). */
const grain = 256
/** A block is split if it is at least twice as large as what is wanted, or larger by this many bytes. */
const mostWaste = 128 * 2 ** 20
/** Bytes of the first region; each further one is twice as large, up to the last. */
const firstRegion = 2 ** 20
const lastRegion = 2 ** 30
/** Memory becomes resident page by page, when it is first written. */
const page = 4096

export interface Block {
  readonly region: Region
  offset: number
  size: number
  free: boolean
  before: Block | null
  after: Block | null
}

interface Stretch {
  readonly start: number
  readonly end: number
}

interface Region {
  readonly place: number
  /** Stretches that were written, rising and apart, in bytes and whole pages. */
  touched: readonly Stretch[]
}

/**
 * ONNX Runtime's arena, as far as it matters how much memory it takes: blocks of regions that are never given back,
 * handed out best fit, split when much too large, and joined again with their free neighbours.
 * Source: BFCArena of ONNX Runtime 1.30 with its default settings.
 */
export class Arena {
  private readonly bins: Block[][] = Array.from({ length: 21 }, () => [])
  private nextRegion = firstRegion
  private regions = 0
  private written = 0

  /** Bytes that were ever written: what the arena adds to the process. */
  get resident(): number {
    return this.written
  }

  allocate(bytes: number): Block {
    const wanted = Math.max(grain, Math.ceil(bytes / grain) * grain)
    const block = this.find(wanted) ?? this.extend(wanted)
    this.take(block)
    if (block.size >= 2 * wanted || block.size - wanted >= mostWaste) this.split(block, wanted)
    this.touch(block, bytes)
    return block
  }

  free(block: Block): void {
    let whole = block
    const { before, after } = block
    if (after?.free) {
      this.take(after)
      whole.size += after.size
      whole.after = after.after
      if (whole.after) whole.after.before = whole
    }
    if (before?.free) {
      this.take(before)
      before.size += whole.size
      before.after = whole.after
      if (before.after) before.after.before = before
      whole = before
    }
    this.give(whole)
  }

  private find(wanted: number): Block | undefined {
    for (let bin = binOf(wanted); bin < this.bins.length; bin++) {
      const block = this.bins[bin].find(({ size }) => size >= wanted)
      if (block) return block
    }
    return undefined
  }

  private extend(wanted: number): Block {
    let increased = false
    while (wanted > this.nextRegion) {
      this.nextRegion *= 2
      increased = true
    }
    const size = this.nextRegion
    if (!increased) this.nextRegion = Math.min(2 * this.nextRegion, Math.max(lastRegion, size))
    const region = { place: this.regions++, touched: [] }
    const block: Block = { region, offset: 0, size, free: false, before: null, after: null }
    this.give(block)
    return block
  }

  private split(block: Block, wanted: number): void {
    const { region, offset, size, after } = block
    const rest: Block = {
      region,
      offset: offset + wanted,
      size: size - wanted,
      free: false,
      before: block,
      after
    }
    if (after) after.before = rest
    block.after = rest
    block.size = wanted
    this.give(rest)
  }

  /** Blocks of a bin stand in the order of their size, and then of their address. */
  private give(block: Block): void {
    block.free = true
    const bin = this.bins[binOf(block.size)]
    const at = bin.findIndex((other) => comesBefore(block, other))
    bin.splice(at < 0 ? bin.length : at, 0, block)
  }

  private take(block: Block): void {
    block.free = false
    const bin = this.bins[binOf(block.size)]
    bin.splice(bin.indexOf(block), 1)
  }

  private touch({ region, offset }: Block, bytes: number): void {
    let start = Math.floor(offset / page) * page
    let end = Math.ceil((offset + bytes) / page) * page
    const apart: Stretch[] = []
    for (const stretch of region.touched) {
      if (stretch.end < start || stretch.start > end) apart.push(stretch)
      else {
        start = Math.min(start, stretch.start)
        end = Math.max(end, stretch.end)
        this.written -= stretch.end - stretch.start
      }
    }
    this.written += end - start
    region.touched = [...apart, { start, end }].sort((a, b) => a.start - b.start)
  }
}

const binOf = (bytes: number): number => Math.min(20, Math.floor(Math.log2(bytes / grain)))

function comesBefore(a: Block, b: Block): boolean {
  if (a.size !== b.size) return a.size < b.size
  return a.region.place === b.region.place ? a.offset < b.offset : a.region.place < b.region.place
}
