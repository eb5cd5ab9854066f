import { app } from 'electron'
import type { AppInfo } from '../contract/ipc'

/** The oldest Electron whose makers still mend it, at this version's release. */
const oldestMended = 43

export function appInfo(): Omit<AppInfo, 'projectFailure'> {
  const { electron, node } = process.versions
  return {
    version: app.getVersion(),
    electron,
    node,
    platform: `${process.platform} ${process.arch}`,
    runtimeWarning: runtimeWarning(electron)
  }
}

/** Said once at start-up and in the About box. */
export function runtimeWarning(electron: string): string | null {
  if (Number(electron.split('.')[0]) >= oldestMended) return null
  return `This copy runs on Electron ${electron}, which no longer gets security fixes. It opens no network connection; use it with files that you trust.`
}

export function setAboutBox(): void {
  const { version, electron, runtimeWarning: warning } = appInfo()
  app.setAboutPanelOptions({
    applicationName: 'Text2Grad Studio',
    applicationVersion: version,
    version: `Electron ${electron}`,
    copyright: warning ? `Apache-2.0. ${warning}` : 'Apache-2.0'
  })
}
