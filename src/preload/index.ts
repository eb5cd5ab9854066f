import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron'
import type { AppEvent } from '../contract/ipc'
import { channels, type Studio } from '../contract/studio'

const studio: Studio = {
  call: (name, input) => ipcRenderer.invoke(channels.call, name, input),
  onEvent: (listener) => {
    const pass = (_event: IpcRendererEvent, event: AppEvent): void => listener(event)
    ipcRenderer.on(channels.event, pass)
    return () => void ipcRenderer.removeListener(channels.event, pass)
  }
}

contextBridge.exposeInMainWorld('studio', studio)
