import type { Command } from '../../state/commands.svelte'
import { pressed } from '../../state/keys'

/** What the answer's keys do; the pane that holds the text, the caret and the reasons fills it in. */
export interface AnswerActions {
  readonly mark: (polarity: 'good' | 'poor' | 'neutral') => void
  readonly nudge: (edge: 'start' | 'end', by: 'small' | 'word', direction: -1 | 1) => void
  readonly accept: () => void
  readonly remove: () => void
  readonly visit: (direction: -1 | 1) => void
  readonly cycle: () => void
  readonly reason: () => void
  readonly submit: () => void
  readonly leave: () => void
}

/** Keys that work while the answer has the focus. They are listed everywhere and handled only there. */
export function answerCommands(actions: AnswerActions): readonly Command[] {
  const local = (id: string, title: string, keys: string, run: () => void): Command => ({
    id: `answer.${id}`,
    title,
    keys,
    run,
    group: 'On the answer',
    local: true
  })
  return [
    local('good', 'Mark good', 'g', () => actions.mark('good')),
    local('poor', 'Mark poor', 'b', () => actions.mark('poor')),
    local('neutral', 'Mark neutral', 'n', () => actions.mark('neutral')),
    local('submit', 'Submit and go to the next answer', '$mod+Enter', actions.submit),
    local('reason', 'Edit the reason', 'Enter', actions.reason),
    local('next', 'Next mark', 'Tab', () => actions.visit(1)),
    local('previous', 'Previous mark', 'Shift+Tab', () => actions.visit(-1)),
    local('cycle', 'Next of overlapping marks', 'o', actions.cycle),
    local('accept', 'Accept a critic’s mark', 'y', actions.accept),
    local('remove', 'Remove the mark, or reject a critic’s', 'Delete', actions.remove),
    local('end-back', 'Move the end back', 'Alt+Shift+ArrowLeft', () => actions.nudge('end', 'small', -1)),
    local('end-on', 'Move the end on', 'Alt+Shift+ArrowRight', () => actions.nudge('end', 'small', 1)),
    local('end-back-word', 'Move the end back a word', 'Alt+Shift+ArrowUp', () =>
      actions.nudge('end', 'word', -1)
    ),
    local('end-on-word', 'Move the end on a word', 'Alt+Shift+ArrowDown', () =>
      actions.nudge('end', 'word', 1)
    ),
    local('start-back', 'Move the start back', 'Control+Alt+Shift+ArrowLeft', () =>
      actions.nudge('start', 'small', -1)
    ),
    local('start-on', 'Move the start on', 'Control+Alt+Shift+ArrowRight', () =>
      actions.nudge('start', 'small', 1)
    ),
    local('start-back-word', 'Move the start back a word', 'Control+Alt+Shift+ArrowUp', () =>
      actions.nudge('start', 'word', -1)
    ),
    local('start-on-word', 'Move the start on a word', 'Control+Alt+Shift+ArrowDown', () =>
      actions.nudge('start', 'word', 1)
    ),
    local('leave', 'Let go of the mark', 'Escape', actions.leave)
  ]
}

/** Runs the command of a key pressed on the answer. Other printing keys do nothing: the text is read only. */
export function onAnswerKey(event: KeyboardEvent, list: readonly Command[]): void {
  const command = list.find(({ keys }) => keys && pressed(event, keys))
  if (!command) return
  event.preventDefault()
  command.run()
}
