import type { AnnotationChange } from '../../contract/ipc'

/** What a change is called in the history, the undo menu and the audit trail. */
export function describeChange(change: AnnotationChange): string {
  switch (change.type) {
    case 'add-span':
      return `mark a ${change.polarity} span`
    case 'move-span':
      return 'move a span'
    case 'set-polarity':
      return `change a span to ${change.polarity}`
    case 'set-reason':
      return 'write a reason'
    case 'take-span':
      return 'accept a span'
    case 'remove-span':
      return 'remove a span'
    case 'set-critique':
      return 'write the critique'
    case 'set-status':
      return change.status === 'submitted' ? 'submit' : 'take back to draft'
  }
}
