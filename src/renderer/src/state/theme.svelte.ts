import type { Settings } from '../../../contract/ipc'

const dark = matchMedia('(prefers-color-scheme: dark)')

/** The theme on screen. Charts read it, because a canvas does not follow custom properties by itself. */
class Theme {
  private systemDark = $state(dark.matches)
  current = $state<'light' | 'dark'>(dark.matches ? 'dark' : 'light')

  constructor() {
    dark.addEventListener('change', ({ matches }) => (this.systemDark = matches))
  }

  apply(wanted: Settings['theme']): void {
    this.current = wanted === 'system' ? (this.systemDark ? 'dark' : 'light') : wanted
    document.documentElement.dataset.theme = this.current
  }
}

export const theme = new Theme()
