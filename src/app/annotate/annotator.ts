import type {
  AnnotationChange,
  AnnotationView,
  QueuePage,
  ResponseView,
  UndoResult
} from '../../contract/ipc'
import { Failure } from '../../pipeline/failure'
import type { Db } from '../../store/database'
import { appendEntry, entriesOfStep, lastEntryOf, type HistoryEntry } from '../../store/history'
import { applyPatch, inverse, type Patch } from '../../store/patches'
import { ensurePerson, personIdOf } from '../../store/persons'
import type { Project } from '../../store/project'
import { queuePage, type QueueFilter } from '../../store/queue'
import { changePatches } from './change-patches'
import { describeChange } from './describe'
import { ownAnnotation } from './own-annotation'
import { UndoStack } from './undo-stack'
import { ownView, responseNamed, responseView } from './views'

/** Typing that goes on within this time (milliseconds) is one undo step, though each piece is on the disk. */
const foldWithin = 3000

/**
 * One person at work on a project. Every change is one transaction with one entry of the history; when a call returns,
 * what it did survives a crash.
 */
export class Annotator {
  readonly personId: string
  private stack: UndoStack | null = null

  constructor(
    private readonly project: Project,
    readonly name: string,
    private readonly now: () => Date = () => new Date()
  ) {
    this.personId = personIdOf({ name, kind: 'person' })
  }

  queue(filter: QueueFilter): QueuePage {
    return this.project.read((db) => queuePage(db, this.personId, filter))
  }

  /** @throws Failure not-found */
  open(responseId: string): ResponseView {
    return this.project.read((db) => responseView(db, responseId, this.personId))
  }

  /**
   * Does one change, and returns the person's own annotation as it stands then.
   * @throws Failure not-found, span-outside-text, bad-encoding, bad-input, disk-full, read-only
   */
  apply(responseId: string, change: AnnotationChange): AnnotationView {
    const at = this.now()
    let entry: HistoryEntry | null = null
    const view = this.project.write((db) => {
      const { text } = responseNamed(db, responseId)
      ensurePerson(db, { name: this.name, kind: 'person' })
      const own = ownAnnotation(db, responseId, this.personId, change, at.toISOString())
      if (own.patches.length === 1 && changesNothing(change)) return ownView(db, own.annotationId, this)
      for (const patch of own.patches) applyPatch(db, patch)
      const patches = changePatches(db, text, own.annotationId, change)
      for (const patch of patches) applyPatch(db, patch)
      const all = [...own.patches, ...patches]
      if (all.length > 0)
        entry = this.write(
          db,
          at,
          'change',
          describeChange(change),
          responseId,
          own.annotationId,
          all,
          change
        )
      return ownView(db, own.annotationId, this)
    })
    this.remember(entry)
    return view
  }

  /** Takes the person's last step back, wherever it was; undoing is itself written to the history. */
  undo(): UndoResult {
    return this.retrace('undo')
  }

  redo(): UndoResult {
    return this.retrace('redo')
  }

  private retrace(kind: 'undo' | 'redo'): UndoResult {
    const stack = this.undoStack()
    const step = kind === 'undo' ? stack.toUndo : stack.toRedo
    if (step === undefined) return { responseId: null, what: `There is nothing to ${kind}.` }
    let entry: HistoryEntry | null = null
    const result = this.project.write((db) => {
      const changes = entriesOfStep(db, step).filter((found) => found.kind === 'change')
      const [first] = changes
      if (!first?.responseId || !first.annotationId)
        throw new Failure('project-damaged', 'The history lacks this step; run text2grad check.')
      const back = changes
        .flatMap(({ patches }) => patches)
        .reverse()
        .map(inverse)
      const patches = kind === 'undo' ? back : back.reverse().map(inverse)
      for (const patch of patches) applyPatch(db, patch)
      entry = this.write(
        db,
        this.now(),
        kind,
        `${kind}: ${first.what}`,
        first.responseId,
        first.annotationId,
        patches,
        step
      )
      return { responseId: first.responseId, what: first.what }
    })
    this.remember(entry)
    return result
  }

  private write(
    db: Db,
    at: Date,
    kind: 'change' | 'undo' | 'redo',
    what: string,
    responseId: string,
    annotationId: string,
    patches: readonly Patch[],
    source: AnnotationChange | number
  ): HistoryEntry {
    const fold = typeof source === 'number' ? null : foldOf(source, annotationId)
    const step = typeof source === 'number' ? source : this.foldsInto(db, fold, at)
    const common = { at: at.toISOString(), personId: this.personId, kind, what, responseId, annotationId }
    return appendEntry(db, { ...common, step, fold, patches })
  }

  /** The step that this goes on with, if the person has been typing at the same place until just now. */
  private foldsInto(db: Db, fold: string | null, at: Date): number | null {
    const last = fold === null ? null : lastEntryOf(db, this.personId)
    if (!last || last.kind !== 'change' || last.fold !== fold) return null
    return at.getTime() - Date.parse(last.at) <= foldWithin ? last.step : null
  }

  private undoStack(): UndoStack {
    return (this.stack ??= this.project.read((db) => UndoStack.of(db, this.personId)))
  }

  /** After the transaction, so that a change that failed leaves no trace here either. */
  private remember(entry: HistoryEntry | null): void {
    if (entry) this.stack?.record(entry.kind, entry.step)
  }
}

function foldOf(change: AnnotationChange, annotationId: string): string | null {
  if (change.type === 'set-critique') return `critique of ${annotationId}`
  return change.type === 'set-reason' ? `reason of ${change.spanId}` : null
}

/** Emptying a critique that is not there must not make an annotation. */
const changesNothing = (change: AnnotationChange): boolean =>
  change.type === 'set-critique' && change.critique === ''
