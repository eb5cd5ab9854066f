import type { AnnotationStatus, Input, QueueRow } from '../../../../contract/ipc'
import { ask } from '../../state/studio'

export type StatusFilter = NonNullable<Input<'annotate.queue'>['status']>

const pageSize = 200

/** The answers of the project, read a page at a time as they come into view. */
export class Queue {
  status = $state<StatusFilter>('all')
  search = $state('')
  /** One place an answer; undefined until its page has been read. */
  rows = $state.raw<readonly (QueueRow | undefined)[]>([])
  loaded = $state(false)
  private asked = new Set<number>()
  private generation = 0

  async restart(): Promise<void> {
    this.generation++
    this.asked = new Set()
    await this.readPage(0, true)
  }

  /** Reads the pages of a visible stretch that have not been read yet. */
  reveal(from: number, to: number): void {
    for (let page = Math.floor(from / pageSize); page <= Math.floor(to / pageSize); page++)
      if (!this.asked.has(page) && page * pageSize < this.rows.length) void this.readPage(page, false)
  }

  place(responseId: string): number {
    return this.rows.findIndex((row) => row?.responseId === responseId)
  }

  /** The answer so many places further on; reads its page if need be. */
  async neighbour(responseId: string, by: number): Promise<QueueRow | undefined> {
    const place = this.place(responseId) + by
    if (place < 0 || place >= this.rows.length) return undefined
    if (!this.rows[place]) await this.readPage(Math.floor(place / pageSize), false)
    return this.rows[place]
  }

  /** What just changed on the answer on screen, so that the list need not be read again. */
  touch(responseId: string, change: { status: AnnotationStatus; spans: number }): void {
    const place = this.place(responseId)
    const row = this.rows[place]
    if (!row || (row.status === change.status && row.spans === change.spans)) return
    const rows = [...this.rows]
    rows[place] = { ...row, ...change }
    this.rows = rows
  }

  private async readPage(page: number, fresh: boolean): Promise<void> {
    const generation = this.generation
    this.asked.add(page)
    const answer = await ask('annotate.queue', {
      status: this.status,
      search: this.search.trim(),
      offset: page * pageSize,
      limit: pageSize
    })
    if (generation !== this.generation) return
    this.loaded = true
    if (!answer) return void this.asked.delete(page)
    const rows = fresh ? new Array<QueueRow | undefined>(answer.total).fill(undefined) : [...this.rows]
    answer.rows.forEach((row, place) => (rows[page * pageSize + place] = row))
    this.rows = rows
  }
}
