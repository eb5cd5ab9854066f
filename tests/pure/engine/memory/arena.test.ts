import { describe, expect, test } from 'vitest'
import { Arena } from '../../../../src/engine/memory/arena'

const MB = 2 ** 20

describe('the arena', () => {
  test('counts what was written, page by page, and keeps it', () => {
    const arena = new Arena()
    const block = arena.allocate(100)
    expect(arena.resident).toBe(4096)
    arena.allocate(3 * MB)
    expect(arena.resident).toBe(4096 + 3 * MB)
    arena.free(block)
    expect(arena.resident).toBe(4096 + 3 * MB)
  })

  test('hands out again what was freed, the best fit first', () => {
    const arena = new Arena()
    const [large, , small] = [arena.allocate(300 * 1024), arena.allocate(256), arena.allocate(200 * 1024)]
    arena.allocate(256)
    arena.free(large)
    arena.free(small)
    const { resident } = arena
    expect(arena.allocate(190 * 1024).offset).toBe(small.offset)
    expect(arena.allocate(290 * 1024).offset).toBe(large.offset)
    expect(arena.resident).toBe(resident)
  })

  test('joins free neighbours, so that a larger block fits where two smaller ones were', () => {
    const arena = new Arena()
    const first = arena.allocate(256 * 1024)
    const second = arena.allocate(256 * 1024)
    arena.allocate(256 * 1024)
    arena.free(first)
    arena.free(second)
    const { resident } = arena
    expect(arena.allocate(512 * 1024).offset).toBe(first.offset)
    expect(arena.resident).toBe(resident)
  })

  test('gives a block away whole unless that wastes half of it', () => {
    const arena = new Arena()
    const block = arena.allocate(64 * 1024)
    arena.allocate(256)
    arena.free(block)
    expect(arena.allocate(40 * 1024).size).toBe(64 * 1024)
  })
})
