import { describe, expect, it } from 'vitest'
import { chooseDevice, listDevices } from '../../../../src/engine/runtime/devices'
import { sessionOptions } from '../../../../src/engine/runtime/session-options'

describe('choosing a device', () => {
  it('takes the CPU without ado', async () => {
    expect(await chooseDevice('cpu')).toEqual({ device: 'cpu' })
  })

  it('refuses a name that is none', async () => {
    await expect(chooseDevice('gpu')).rejects.toMatchObject({ code: 'bad-input' })
  })

  it('refuses a device that is not here with one sentence, unless falling back was asked for', async () => {
    const [dml] = await listDevices([process.platform === 'win32' ? 'coreml' : 'dml'])
    expect(dml.usable).toBe(false)
    await expect(chooseDevice(dml.name)).rejects.toMatchObject({
      code: 'device-unavailable',
      message: dml.reason
    })
    const chosen = await chooseDevice(dml.name, 'cpu')
    expect(chosen).toEqual({ device: 'cpu', instead: { asked: dml.name, reason: dml.reason } })
  })
})

describe('settings of a session', () => {
  it('name the device, the threads and whether they spin', () => {
    expect(sessionOptions({ device: 'cuda', threads: 3, spinning: false }, true)).toMatchObject({
      executionProviders: [{ name: 'cuda', deviceId: 0 }],
      intraOpNumThreads: 3,
      graphOptimizationLevel: 'all',
      extra: { session: { intra_op: { allow_spinning: '0' } } }
    })
    expect(sessionOptions({ device: 'dml', threads: 1 }, false)).toMatchObject({
      executionProviders: ['dml'],
      enableMemPattern: false,
      executionMode: 'sequential',
      graphOptimizationLevel: 'disabled',
      extra: { session: { intra_op: { allow_spinning: '1' } } }
    })
  })
})
