import { app } from 'electron'
import { join } from 'node:path'

/** Tests and people with several seats keep their data apart with TEXT2GRAD_USER_DATA. */
export function chooseUserData(): void {
  const override = process.env.TEXT2GRAD_USER_DATA
  if (override) app.setPath('userData', override)
}

/** What is shipped beside the program: the starter model, the sample project. */
export function resourcesFolder(): string {
  return app.isPackaged ? join(process.resourcesPath, 'studio') : join(app.getAppPath(), 'resources')
}

export const windowFolder = join(__dirname, '../renderer')
export const preloadFile = join(__dirname, '../preload/index.js')
export const trainerFile = join(__dirname, 'trainer.js')
export const storeWorkerFile = join(__dirname, 'store-worker.js')
