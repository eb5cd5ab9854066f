import type { PersonKind } from './record'

/**
 * Whether an annotation is what a critic predicts here: a model's draft. It never counts as read, never trains, and is
 * taken over mark by mark. A model's annotation that came submitted with the data is data like any other.
 */
export const isPrediction = ({
  kind,
  status
}: {
  readonly kind: PersonKind
  readonly status: string
}): boolean => kind === 'model' && status === 'draft'
