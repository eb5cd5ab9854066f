import { app, ipcMain, type BrowserWindow } from 'electron'
import { join } from 'node:path'
import type { FailureValue } from '../contract/errors'
import type { AppEvent } from '../contract/ipc'
import { channels } from '../contract/studio'
import { nativeDialogs } from './dialogs'
import { openDoor } from './door'
import { projectAtStart, rememberProject } from './first-project'
import { note } from './log'
import { setMenu } from './menu'
import { resourcesFolder } from './paths'
import { appInfo } from './runtime'
import { StoreClient } from './store-client'
import { startStoreWorker } from './store-thread'
import { TrainerHost } from './trainer-host'
import { forkTrainer } from './trainer-process'
import { openWindow, showWindow } from './window'

/** Time for a stopped run to write its checkpoint when the program is told to quit, in milliseconds. */
const PARTING = 20_000

/** The running program: one window, the store worker, and at most one job. */
export class Studio {
  private window: BrowserWindow
  private quitting = false
  private projectFailure: FailureValue | null = null
  private readonly userData = app.getPath('userData')
  private readonly host = new TrainerHost(forkTrainer, () => this.jobEnded())
  private readonly store = new StoreClient({
    startWorker: startStoreWorker,
    onEvent: (event) => this.tell(event),
    host: (request, listener) => {
      note(`job: ${request.kind}`)
      this.host.start(request, listener)
    },
    control: (word) => this.host.control(word),
    onCrash: () => note('store worker: started again')
  })
  private afterJob: (() => void) | null = null

  constructor() {
    this.window = this.openWindow()
    setMenu((command) => this.tell({ kind: 'menu', command }))
    const opened = this.openFirstProject()
    const door = openDoor({
      dialogs: nativeDialogs(() => this.window),
      appInfo: () => ({ ...appInfo(), projectFailure: this.projectFailure }),
      store: async (route, input) => {
        const outcome = await this.store.call(route, input)
        if (!outcome.ok) note(`${route}: ${outcome.error.code}`)
        else if (route === 'project.open' || route === 'project.create')
          await rememberProject(this.userData, (outcome.value as { path: string }).path)
        return outcome
      }
    })
    ipcMain.handle(channels.call, async (event, name: unknown, input: unknown) => {
      if (event.sender !== this.window.webContents || event.senderFrame?.parent) return undefined
      await opened
      return door(name, input)
    })
  }

  /** Someone started the program again, or asked for its window. */
  show(): void {
    if (this.window.isDestroyed()) this.window = this.openWindow()
    showWindow(this.window)
  }

  /** From now on a closed window is closed, run or no run. */
  quits(): void {
    this.quitting = true
  }

  /** A run that is going is stopped with a checkpoint; the project is closed. */
  async close(): Promise<void> {
    this.quits()
    if (this.host.busy) await this.stopJob()
    await this.store.close()
  }

  private openWindow(): BrowserWindow {
    return openWindow({
      stateFile: join(this.userData, 'window.json'),
      staysHidden: () => this.host.busy && !this.quitting
    })
  }

  private async openFirstProject(): Promise<void> {
    const path = await projectAtStart(this.userData, resourcesFolder())
    if (path === null) return
    const outcome = await this.store.call('project.open', path)
    if (outcome.ok) return rememberProject(this.userData, path)
    this.projectFailure = outcome.error
    note(`project at start: ${outcome.error.code}`)
  }

  private tell(event: AppEvent): void {
    if (!this.window.isDestroyed()) this.window.webContents.send(channels.event, event)
  }

  private stopJob(): Promise<void> {
    this.host.control('stop')
    return new Promise((resolve) => {
      this.afterJob = resolve
      setTimeout(resolve, PARTING)
    })
  }

  /** With the window hidden the program was only waiting for its run. */
  private jobEnded(): void {
    note('job: ended')
    this.afterJob?.()
    if (!this.quitting && !this.window.isDestroyed() && !this.window.isVisible()) app.quit()
  }
}
