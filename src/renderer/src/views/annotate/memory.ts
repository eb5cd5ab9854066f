/** What the annotate view remembers while another view is on screen. */
export const memory: { responseId: string | undefined; strip: boolean; askedName: boolean } = {
  responseId: undefined,
  strip: false,
  askedName: false
}
