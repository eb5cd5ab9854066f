/** What the annotate view remembers while another view is on screen. */
export const memory: {
  /** The project that the answer belongs to. */
  project: string | undefined
  responseId: string | undefined
  strip: boolean
  askedName: boolean
} = { project: undefined, responseId: undefined, strip: false, askedName: false }
