import { BrowserWindow, screen } from 'electron'
import { join } from 'node:path'
import { preloadFile, resourcesFolder, windowFolder } from './paths'
import { lockContents } from './security'
import { readWindowState, visibleBounds, writeWindowState } from './window-state'

export interface StudioWindowOptions {
  readonly stateFile: string
  /** Asked when a person closes the window: true keeps it, hidden, because a run is going. */
  readonly staysHidden: () => boolean
}

export function openWindow({ stateFile, staysHidden }: StudioWindowOptions): BrowserWindow {
  const kept = readWindowState(stateFile)
  const displays = screen.getAllDisplays().map((display) => display.workArea)
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    ...visibleBounds(kept.bounds, displays),
    minWidth: 900,
    minHeight: 600,
    show: false,
    title: 'Text2Grad Studio',
    icon: join(resourcesFolder(), 'icon/icon.png'),
    backgroundColor: '#fbfbfa',
    webPreferences: {
      preload: preloadFile,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false
    }
  })
  if (kept.maximized) window.maximize()
  lockContents(window.webContents)
  window.once('ready-to-show', () => window.show())
  window.on('close', (event) => {
    writeWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() })
    if (!staysHidden()) return
    event.preventDefault()
    window.hide()
  })
  void window.loadFile(join(windowFolder, 'index.html'))
  return window
}

export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}
