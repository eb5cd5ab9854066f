/** Repeatable chance for tests: uniform numbers in [0, 1) (mulberry32) and what is made of them. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  below(limit: number): number {
    return Math.floor(this.uniform() * limit)
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  floats(count: number, draw: () => number = () => this.normal()): Float32Array {
    return Float32Array.from({ length: count }, draw)
  }
}
