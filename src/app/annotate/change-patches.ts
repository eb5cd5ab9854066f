import type { AnnotationChange } from '../../contract/ipc'
import { anchorOf } from '../../pipeline/annotate/anchor'
import { hasLoneSurrogate } from '../../pipeline/annotate/code-points'
import type { Range } from '../../pipeline/annotate/span'
import { Failure } from '../../pipeline/failure'
import { getAnnotation } from '../../store/annotations'
import type { Db } from '../../store/database'
import { retract, type Patch } from '../../store/patches'
import { verifySpan } from '../../store/record-writer'
import { getSpan } from '../../store/spans'
import { textChange } from '../../store/text-change'
import { ownSpan, takenSpan } from './own-span'

/**
 * One change of a person's annotation as patches; none where it changes nothing.
 * @throws Failure span-outside-text, bad-encoding, bad-input, not-found
 */
export function changePatches(db: Db, text: string, annotationId: string, change: AnnotationChange): Patch[] {
  switch (change.type) {
    case 'add-span': {
      const { spanId, start, end, polarity } = change
      verifyPlace(text, change)
      if (getSpan(db, spanId))
        throw new Failure('bad-input', `There is a span ${spanId} already; give a new id.`)
      const anchor = anchorOf(text, change)
      const plain = { reason: '', category: '', confidence: null, base: null, retracted: false }
      return [{ kind: 'new-span', row: { spanId, annotationId, start, end, polarity, ...plain, ...anchor } }]
    }
    case 'move-span': {
      const { start, end } = change
      verifyPlace(text, change)
      const { span, patches } = ownSpan(db, annotationId, change.spanId)
      const { quote, prefix, suffix, occurrence } = span
      const before = { start: span.start, end: span.end, quote, prefix, suffix, occurrence }
      return [...patches, ...setFields(span.spanId, before, { start, end, ...anchorOf(text, change) })]
    }
    case 'set-polarity': {
      const { span, patches } = ownSpan(db, annotationId, change.spanId)
      const { spanId, polarity } = span
      return [...patches, ...setFields(spanId, { polarity }, { polarity: change.polarity })]
    }
    case 'set-reason': {
      const { span, patches } = ownSpan(db, annotationId, change.spanId)
      return [...patches, ...setText('spans', span.spanId, 'reason', span.reason, change.reason)]
    }
    case 'take-span':
      return [...takenSpan(db, annotationId, change.spanId).patches]
    case 'remove-span': {
      const { span, patches } = ownSpan(db, annotationId, change.spanId)
      return [...patches, retract('spans', span.spanId)]
    }
    case 'set-critique': {
      const before = getAnnotation(db, annotationId)?.critique ?? ''
      return setText('annotations', annotationId, 'critique', before, change.critique)
    }
    case 'set-status': {
      const before = getAnnotation(db, annotationId)?.status ?? 'draft'
      const after = change.status
      return before === after
        ? []
        : [
            {
              kind: 'fields',
              table: 'annotations',
              id: annotationId,
              before: { status: before },
              after: { status: after }
            }
          ]
    }
  }
}

/** The store's words for a record, as a sentence for the window. */
function verifyPlace(text: string, range: Range): void {
  try {
    verifySpan(text, range)
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    throw new Failure(thrown.code, `${thrown.message[0].toUpperCase()}${thrown.message.slice(1)}.`)
  }
}

type Fields = Record<string, string | number>

function setFields(id: string, before: Fields, after: Fields): Patch[] {
  const changed = Object.keys(after).some((name) => after[name] !== before[name])
  return changed ? [{ kind: 'fields', table: 'spans', id, before, after }] : []
}

function setText(
  table: 'annotations' | 'spans',
  id: string,
  field: 'critique' | 'reason',
  before: string,
  after: string
): Patch[] {
  if (hasLoneSurrogate(after))
    throw new Failure('bad-encoding', 'The text holds half of a character; delete it and type it again.')
  return before === after ? [] : [{ kind: 'text', table, id, field, change: textChange(before, after) }]
}
