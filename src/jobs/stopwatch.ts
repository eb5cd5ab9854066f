/** Seconds between laps. Times are the only part of a metrics line that two equal runs may differ in. */
export class Stopwatch {
  private last = performance.now()
  private readonly start = this.last

  lap(): number {
    const now = performance.now()
    const seconds = (now - this.last) / 1000
    this.last = now
    return seconds
  }

  total(): number {
    return (performance.now() - this.start) / 1000
  }
}
