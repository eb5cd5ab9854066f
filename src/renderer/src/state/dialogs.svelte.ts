export type DialogName = 'palette' | 'keys' | 'settings' | 'sample' | 'export'

/** At most one dialog at a time. */
class Dialogs {
  open = $state<DialogName | null>(null)

  toggle(name: DialogName): void {
    this.open = this.open === name ? null : name
  }

  close(): void {
    this.open = null
  }
}

export const dialogs = new Dialogs()
