import type { Db } from '../../store/database'
import { stepsOf, type HistoryKind } from '../../store/history'

/**
 * What a person can undo and redo, without limit: step numbers, the last on top. Nothing but the history is kept on
 * the disk; after a restart the stacks are read from it.
 */
export class UndoStack {
  private readonly done: number[] = []
  private undone: number[] = []

  static of(db: Db, personId: string): UndoStack {
    const stack = new UndoStack()
    for (const { kind, step } of stepsOf(db, personId)) stack.record(kind, step)
    return stack
  }

  get toUndo(): number | undefined {
    return this.done.at(-1)
  }

  get toRedo(): number | undefined {
    return this.undone.at(-1)
  }

  /** A new change clears what could be redone; one that folds into the last step adds none. */
  record(kind: HistoryKind, step: number): void {
    if (kind === 'undo') {
      this.done.pop()
      this.undone.push(step)
    } else if (kind === 'redo') {
      this.undone.pop()
      this.done.push(step)
    } else {
      this.undone = []
      if (this.toUndo !== step) this.done.push(step)
    }
  }
}
