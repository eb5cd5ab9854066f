/** How much a project, a file or an import holds. */
export interface Amounts {
  readonly documents: number
  readonly responses: number
  readonly annotations: number
  readonly spans: number
}

/** The same of a project, with what is only known there. */
export interface ProjectAmounts extends Amounts {
  /** Answers that nobody has annotated; a critic that predicts is nobody. */
  readonly unread: number
  readonly runs: number
}
