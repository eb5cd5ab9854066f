import { untrack } from 'svelte'
import { isTyping, pressed } from './keys'

/** One thing that the window can do: in the palette, on the key sheet, and on its key. */
export interface Command {
  readonly id: string
  readonly title: string
  readonly group: string
  /** tinykeys' notation, such as `$mod+k`. */
  readonly keys?: string
  readonly run: () => void
  readonly enabled?: () => boolean
  /** The view that has the focus handles the key itself; the palette and the key sheet still list it. */
  readonly local?: true
}

class Commands {
  list = $state.raw<readonly Command[]>([])

  /** Adds commands until the function that comes back is called: the shape that `$effect` wants. */
  register(added: readonly Command[]): () => void {
    // Untracked: an effect that adds to the list must not run again because the list changed.
    this.list = [...untrack(() => this.list), ...added]
    return () => {
      this.list = this.list.filter((command) => !added.includes(command))
    }
  }

  run(id: string): boolean {
    const command = this.list.find((one) => one.id === id)
    if (!command || command.enabled?.() === false) return false
    command.run()
    return true
  }

  /** Runs the command of a key press. Keys without Ctrl, Alt or Meta are letters while a person types. */
  onKeydown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !/^F\d+$/.test(event.key)
    if (plain && isTyping(event.target)) return
    // Under a dialog, what it covers does not move.
    const covered = document.querySelector('[role=dialog][data-state=open]') !== null
    const command = this.list.find(
      ({ keys, local, enabled, group }) =>
        keys && !local && (!covered || group === 'Window') && enabled?.() !== false && pressed(event, keys)
    )
    if (!command) return
    event.preventDefault()
    command.run()
  }
}

export const commands = new Commands()
