import type { Range } from '../../../../pipeline/annotate/span'
import type { AnswerMarks, Mark, Run } from './answer-marks'
import type { TextIndex } from './text-index'

interface DrawnRun extends Run {
  readonly node: Node
  readonly text: Text | null
  readonly look: string
}
interface DrawnBlock {
  readonly element: HTMLElement
  runs: DrawnRun[]
}

/**
 * The answer's text in the document: one element a block, its runs as nested `<mark>`s. Drawing compares run with run
 * and touches only those that changed; offsets (UTF-16) and points of the document are found both ways.
 */
export class AnswerDom {
  private readonly blocks: DrawnBlock[]
  private readonly numberOf = new Map<Node, number>()
  private readonly observer: MutationObserver
  private readonly range = document.createRange()
  private marks: AnswerMarks | undefined
  private activeId: string | null = null

  constructor(
    private readonly root: HTMLElement,
    private readonly index: TextIndex
  ) {
    this.blocks = index.blocks.map(({ continues }, number) => {
      const element = document.createElement('div')
      element.className = continues ? 'block continues' : 'block'
      element.dir = 'auto'
      this.numberOf.set(element, number)
      return { element, runs: [] }
    })
    root.replaceChildren(...this.blocks.map(({ element }) => element))
    // Whatever gets past the guards (a browser extension, execCommand) is taken back.
    this.observer = new MutationObserver(() => this.redraw())
    this.observer.observe(root, { childList: true, characterData: true, subtree: true })
  }

  destroy(): void {
    this.observer.disconnect()
  }

  draw(marks: AnswerMarks): void {
    this.marks = marks
    marks.runs().forEach((runs, number) => this.drawBlock(this.blocks[number], runs, marks))
    this.light(this.activeId)
    this.observer.takeRecords()
  }

  /** Lights up the marks of one id. */
  light(id: string | null): void {
    for (const element of this.root.querySelectorAll('mark.active')) element.classList.remove('active')
    this.activeId = id
    for (const element of this.elementsOf(id)) element.classList.add('active')
  }

  elementsOf(id: string | null): HTMLElement[] {
    return id === null
      ? []
      : [...this.root.querySelectorAll<HTMLElement>(`mark[data-id="${CSS.escape(id)}"]`)]
  }

  /** The offset of a point of the document, or null outside the text. */
  offsetOf(node: Node, offset: number): number | null {
    if (node === this.root) {
      const block = this.index.blocks[Math.min(offset, this.index.blocks.length - 1)]
      return offset < this.index.blocks.length ? block.start : block.end
    }
    const own = this.numberOf.get(node)
    if (own !== undefined) return this.blocks[own].runs[offset]?.start ?? this.index.blocks[own].end
    // Up to the run: the node right under a block.
    let child: Node = node
    while (child.parentNode && !this.numberOf.has(child.parentNode)) child = child.parentNode
    const number = child.parentNode ? this.numberOf.get(child.parentNode) : undefined
    if (number === undefined) return null
    const run = this.blocks[number].runs.find((drawn) => drawn.node === child)
    if (!run) return this.index.blocks[number].start
    if (node === run.text) return run.start + offset
    return offset === 0 ? run.start : run.end
  }

  /** The point of the document at an offset. */
  pointOf(offset: number): { node: Node; offset: number } {
    const number = this.index.blockAt(offset)
    const { element, runs } = this.blocks[number]
    const inside = Math.min(offset, this.index.blocks[number].end)
    const run = runs.find(({ end }) => inside <= end) ?? runs.at(-1)
    return run?.text ? { node: run.text, offset: inside - run.start } : { node: element, offset: 0 }
  }

  /**
   * The document's range between two offsets, good until the next call: there is only one. The browser mends every
   * live range at every change of the document, and thousands of them made it ten times slower.
   */
  rangeOf({ start, end }: Range): globalThis.Range {
    const { range } = this
    const from = this.pointOf(start)
    const to = this.pointOf(end)
    range.setStart(from.node, from.offset)
    range.setEnd(to.node, to.offset)
    return range
  }

  private redraw(): void {
    for (const block of this.blocks) {
      block.runs = []
      block.element.replaceChildren()
    }
    this.root.replaceChildren(...this.blocks.map(({ element }) => element))
    if (this.marks) this.draw(this.marks)
    this.observer.takeRecords()
  }

  private drawBlock(block: DrawnBlock, runs: readonly Run[], marks: AnswerMarks): void {
    const looks = runs.map((run) => lookOf(run, marks))
    const same = (old: DrawnRun | undefined, place: number) =>
      old !== undefined &&
      old.start === runs[place].start &&
      old.end === runs[place].end &&
      old.look === looks[place]
    let head = 0
    while (head < runs.length && same(block.runs[head], head)) head++
    if (head === runs.length && head === block.runs.length) return
    let tail = 0
    while (
      tail < runs.length - head &&
      tail < block.runs.length - head &&
      same(block.runs[block.runs.length - 1 - tail], runs.length - 1 - tail)
    )
      tail++
    const kept = block.runs.slice(block.runs.length - tail)
    for (const old of block.runs.slice(head, block.runs.length - tail)) block.element.removeChild(old.node)
    const before = kept[0]?.node ?? null
    const drawn = runs.slice(head, runs.length - tail).map((run, place) => {
      const made = this.make(run, looks[head + place], marks)
      block.element.insertBefore(made.node, before)
      return made
    })
    block.runs = [...block.runs.slice(0, head), ...drawn, ...kept]
  }

  private make(run: Run, look: string, marks: AnswerMarks): DrawnRun {
    if (run.start === run.end) return { ...run, node: document.createElement('br'), text: null, look }
    const text = document.createTextNode(this.index.text.slice(run.start, run.end))
    // Built from the innermost mark outwards.
    const node = run.marks.reduceRight<Node>((inner, mark) => {
      const element = document.createElement('mark')
      element.dataset.id = mark.id
      element.dataset.polarity = mark.polarity
      element.dataset.by = mark.kind === 'model' ? 'model' : 'person'
      element.dataset.lane = String(Math.min(marks.lanes.get(mark.id) ?? 0, 3))
      if (mark.start === run.start) element.className = 'first'
      element.append(inner)
      return element
    }, text)
    return { ...run, node, text, look }
  }
}

/** Everything that decides how a run is drawn. */
function lookOf(run: Run, marks: AnswerMarks): string {
  const one = ({ id, polarity, kind, start }: Mark) =>
    `${id} ${polarity} ${kind} ${marks.lanes.get(id)} ${start === run.start}`
  return run.marks.map(one).join('|')
}
