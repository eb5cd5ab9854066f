/** Where the person is: one view at a time. */
export type Place =
  | { readonly view: 'annotate'; readonly responseId?: string }
  | { readonly view: 'align' }
  /** A critic by its specification; and an answer that it has judged, to be put right. */
  | { readonly view: 'reward'; readonly critic?: string; readonly responseId?: string }
  | { readonly view: 'optimise'; readonly page: 'runs' | 'new' }
  | { readonly view: 'optimise'; readonly page: 'run'; readonly runId: string }
  | { readonly view: 'optimise'; readonly page: 'compare'; readonly runIds: readonly string[] }
  | { readonly view: 'review'; readonly runId?: string }

/** The history of places, as a browser keeps it. */
class Router {
  place = $state.raw<Place>({ view: 'annotate' })
  private past: Place[] = []
  private future: Place[] = []

  go(place: Place): void {
    if (JSON.stringify(place) === JSON.stringify(this.place)) return
    this.past.push(this.place)
    this.future = []
    this.place = place
  }

  back(): void {
    const place = this.past.pop()
    if (!place) return
    this.future.push(this.place)
    this.place = place
  }

  forward(): void {
    const place = this.future.pop()
    if (!place) return
    this.past.push(this.place)
    this.place = place
  }

  /** Another project: the places of the last one mean nothing. */
  restart(): void {
    this.past = []
    this.future = []
    this.place = { view: 'annotate' }
  }
}

export const router = new Router()
