import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readWindowState, visibleBounds, writeWindowState } from '../../../src/main/window-state'

const file = () => join(mkdtempSync(join(tmpdir(), 'window-')), 'window.json')
const display = { x: 0, y: 0, width: 1920, height: 1080 }
const bounds = { x: 100, y: 50, width: 1200, height: 800 }

describe('window state', () => {
  it('comes back as it was kept', () => {
    const place = file()
    writeWindowState(place, { bounds, maximized: true })
    expect(readWindowState(place)).toEqual({ bounds, maximized: true })
  })

  it.each(['', '{', 'null', '{"bounds":{"x":"1"}}'])('is none when the file holds %j', (text) => {
    const place = file()
    writeFileSync(place, text)
    expect(readWindowState(place)).toEqual({ bounds: null, maximized: false })
  })

  it('is used only where a display shows it', () => {
    expect(visibleBounds(bounds, [display])).toEqual(bounds)
    expect(visibleBounds({ ...bounds, x: 5000 }, [display])).toBeNull()
    expect(visibleBounds({ ...bounds, x: 5000 }, [display, { ...display, x: 4800 }])).not.toBeNull()
    expect(visibleBounds({ ...bounds, width: 10 }, [display])).toBeNull()
  })
})
