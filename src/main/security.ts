import { session, type WebContents } from 'electron'
import { pathToFileURL } from 'node:url'
import { note } from './log'

/** Closes every way out of the window: network, navigation, new windows, permissions. The page itself has a CSP. */
export function lockSession(folder: string): void {
  const inside = pathToFileURL(folder).href + '/'
  const { defaultSession } = session
  defaultSession.webRequest.onBeforeRequest({ urls: ['<all_urls>'] }, ({ url }, answer) => {
    const cancel = !url.startsWith(inside) && !url.startsWith('devtools:')
    if (cancel) note(`request refused: ${scheme(url)}`)
    answer({ cancel })
  })
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    // Copying a text to the clipboard is the one thing that a person asks for with a click.
    answer(permission === 'clipboard-sanitized-write')
  })
  defaultSession.setPermissionCheckHandler(
    (_contents, permission) => permission === 'clipboard-sanitized-write'
  )
  defaultSession.setSpellCheckerEnabled(false)
}

export function lockContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

/** Enough for the log; the rest of an address may hold a text. */
function scheme(url: string): string {
  return url.slice(0, url.indexOf(':') + 1)
}
