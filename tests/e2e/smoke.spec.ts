import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'playwright/test'
import { launch, type Launched } from './support/launch'

/** One window for all that only looks. */
let launched: Launched
test.beforeAll(async () => {
  launched = await launch()
})
test.afterAll(() => launched.app.close())

test('the window opens with something in it', async () => {
  const { page } = launched
  expect(await page.title()).toContain('Text2Grad')
  await expect(page.locator('#app')).not.toBeEmpty()
})

test('the window knows nothing of Node, and of the program only window.studio', async () => {
  const found = await launched.page.evaluate(() => ({
    require: typeof (globalThis as { require?: unknown }).require,
    process: typeof (globalThis as { process?: unknown }).process,
    module: typeof (globalThis as { module?: unknown }).module,
    studio: Object.keys((globalThis as unknown as { studio: object }).studio).sort()
  }))
  const nothing = 'undefined'
  expect(found).toEqual({ require: nothing, process: nothing, module: nothing, studio: ['call', 'onEvent'] })
  const preferences = await launched.app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0].webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>
    }
    const { sandbox, contextIsolation, nodeIntegration } = contents.getLastWebPreferences()
    return { sandbox, contextIsolation, nodeIntegration }
  })
  expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false })
})

test('the page may not make code out of text', async () => {
  const { page } = launched
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe-eval')
  const inline = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.ran = true'
    document.head.append(script)
    return (globalThis as { ran?: boolean }).ran ?? false
  })
  expect(inline).toBe(false)
})

test('no window opens and no page is left', async () => {
  const { app, page } = launched
  const before = page.url()
  expect(await page.evaluate(() => window.open('https://example.com/') === null)).toBe(true)
  await page.evaluate(() => {
    window.location.href = 'https://example.com/'
  })
  await page.evaluate(() => {
    window.location.href = 'file:///etc/passwd'
  })
  await page.waitForTimeout(300)
  expect(page.url()).toBe(before)
  expect(app.windows()).toHaveLength(1)
})

test('nothing reaches the network, not even this machine', async () => {
  const { app, page } = launched
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    response.setHeader('Access-Control-Allow-Origin', '*').end('reached')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    const fromPage = await page.evaluate(
      (url) =>
        fetch(url).then(
          (r) => r.text(),
          () => 'refused'
        ),
      address
    )
    expect(fromPage).toBe('refused')
    // The same through the session, where the page's policy does not reach.
    const fromSession = await app.evaluate(
      ({ net, session }, url) =>
        new Promise<string>((resolve) => {
          const request = net.request({ url, session: session.defaultSession })
          request.on('response', () => resolve('reached'))
          request.on('error', () => resolve('refused'))
          request.end()
        }),
      address
    )
    expect(fromSession).toBe('refused')
    expect(requests).toBe(0)
  } finally {
    server.close()
  }
})

test('permissions are refused', async () => {
  const asked = await launched.page.evaluate(async () => ({
    notifications: await Notification.requestPermission(),
    camera: await navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'granted',
      () => 'denied'
    )
  }))
  expect(asked).toEqual({ notifications: 'denied', camera: 'denied' })
})

test('a request that is not understood is refused with its code', async () => {
  const outcomes = await launched.page.evaluate(async () => {
    const { studio } = globalThis as unknown as {
      studio: { call: (name: string, input: unknown) => Promise<unknown> }
    }
    return [
      await studio.call('project.burn', undefined),
      await studio.call('annotate.open', { responseId: 7 })
    ]
  })
  for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, error: { code: 'bad-input' } })
})

test('the native menu speaks to the window', async () => {
  const { app, page } = launched
  // Listening has begun once this is answered; what is heard is kept for the question after it.
  await page.evaluate(() => {
    const scope = globalThis as unknown as {
      studio: { onEvent: (listener: (event: { kind: string }) => void) => () => void }
      heard: Promise<unknown>
    }
    scope.heard = new Promise((resolve) => {
      const stop = scope.studio.onEvent((event) => {
        if (event.kind !== 'menu') return
        stop()
        resolve(event)
      })
    })
  })
  await app.evaluate(({ Menu }) => {
    const go = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'Go')
    go?.submenu?.items.find(({ label }) => label === 'Annotate')?.click()
  })
  const heard = await page.evaluate(() => (globalThis as unknown as { heard: Promise<unknown> }).heard)
  expect(heard).toEqual({ kind: 'menu', command: 'go.annotate' })
})
