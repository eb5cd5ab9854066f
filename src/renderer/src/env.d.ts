/// <reference types="svelte" />
/// <reference types="vite/client" />

import type { Studio } from '../../contract/studio'

declare global {
  interface Window {
    /** Put there by the preload script: the only way out of the window. */
    readonly studio: Studio
  }
}
