import type { ModelView } from '../../../contract/ipc'
import { session } from './session.svelte'
import { ask } from './studio'

/** The models that the window knows, and the one whose tokens are shown. */
class Models {
  list = $state.raw<readonly ModelView[]>([])
  private chosenDir = $state<string | null>(null)

  /** The model chosen here, else the one of the settings, else the first. */
  current = $derived.by(() => {
    const wanted = this.chosenDir ?? session.settings.modelDir
    return this.list.find(({ dir }) => dir === wanted) ?? this.list[0]
  })

  async load(): Promise<void> {
    this.list = (await ask('models.list', undefined)) ?? this.list
  }

  choose(dir: string): void {
    this.chosenDir = dir
  }

  /** Lets the person point at a folder; the model becomes the current one. */
  async browse(): Promise<ModelView | undefined> {
    const model = await ask('models.choose', undefined)
    if (!model) return undefined
    if (!this.list.some(({ dir }) => dir === model.dir)) this.list = [...this.list, model]
    this.chosenDir = model.dir
    return model
  }
}

export const models = new Models()
