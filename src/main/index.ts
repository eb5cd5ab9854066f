import { app } from 'electron'
import { logBug, note, startLog } from './log'
import { chooseUserData, windowFolder } from './paths'
import { runtimeWarning, setAboutBox } from './runtime'
import { lockSession } from './security'
import { Studio } from './studio'

chooseUserData()
startLog()

let studio: Studio | null = null
let closed = false

function start(): void {
  note(`start: ${app.getVersion()} on Electron ${process.versions.electron}`)
  const warning = runtimeWarning(process.versions.electron)
  if (warning) note(warning)
  lockSession(windowFolder)
  setAboutBox()
  studio = new Studio()
}

/** Quitting waits for the project to be closed, once. */
function quit(event: Electron.Event): void {
  if (closed || !studio) return
  event.preventDefault()
  closed = true
  studio
    .close()
    .catch((thrown: unknown) => logBug('closing', thrown))
    .finally(() => app.quit())
}

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => studio?.show())
  app.on('activate', () => studio?.show())
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', () => studio?.quits())
  app.on('will-quit', quit)
  void app.whenReady().then(start)
} else {
  app.quit()
}
