import { readFileSync, writeFileSync } from 'node:fs'

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
export interface WindowState {
  readonly bounds: Bounds | null
  readonly maximized: boolean
}

const smallest = { width: 900, height: 600 }
const nothingKept: WindowState = { bounds: null, maximized: false }

/** A state that cannot be read is no state: the window opens at its usual size. */
export function readWindowState(file: string): WindowState {
  try {
    const { bounds, maximized } = JSON.parse(readFileSync(file, 'utf8')) as WindowState
    const numbers = bounds ? [bounds.x, bounds.y, bounds.width, bounds.height] : []
    const sound = numbers.length === 4 && numbers.every(Number.isFinite)
    return { bounds: sound ? bounds : null, maximized: maximized === true }
  } catch {
    return nothingKept
  }
}

export function writeWindowState(file: string, state: WindowState): void {
  try {
    writeFileSync(file, JSON.stringify(state))
  } catch {
    // A full disk must not keep a window from closing; the next start uses the usual size.
  }
}

/** The kept bounds if a display still shows a good part of them, in pixels of the desktop. */
export function visibleBounds(kept: Bounds | null, displays: readonly Bounds[]): Bounds | null {
  if (!kept || kept.width < smallest.width || kept.height < smallest.height) return null
  const overlap = (start: number, size: number, from: number, length: number): number =>
    Math.min(start + size, from + length) - Math.max(start, from)
  const shown = displays.some(
    (display) =>
      overlap(kept.x, kept.width, display.x, display.width) >= 200 &&
      overlap(kept.y, kept.height, display.y, display.height) >= 100
  )
  return shown ? kept : null
}
