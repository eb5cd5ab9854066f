import type { Device } from '../contract/ipc'
import { deviceNames } from '../contract/run-config'
import { toFailure } from '../contract/errors'
import { hostJob } from './job-host'

/** Every device, tried in a process of its own: a driver that ends it is a reason, and no end of ours. */
export async function tryDevices(): Promise<readonly Device[]> {
  try {
    return (await hostJob({ kind: 'devices' })) as readonly Device[]
  } catch (thrown) {
    const { message } = toFailure(thrown)
    return deviceNames.map((name) =>
      name === 'cpu'
        ? { name, usable: true }
        : { name, usable: false, reason: `Trying it failed: ${message}` }
    )
  }
}
