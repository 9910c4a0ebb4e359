import { randomUUID } from 'node:crypto'
import type { Store } from '@behalf/core'
import type { StoreOutage } from '@behalf/testing/contract'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A store over a client of its own. */
interface OpenStore {
  readonly store: Store
  close(): Promise<void>
}

/** A store under a prefix of its own, and as many clients of it as a test opens. */
export async function underTest(open: (prefix: string) => Promise<OpenStore>, prefix: string = randomUUID()) {
  const opened: OpenStore[] = []
  const another = async () => {
    const one = await open(prefix)
    opened.push(one)
    return one.store
  }
  return {
    prefix,
    store: await another(),
    restart: another,
    async close() {
      for (const one of opened) await one.close()
    },
  }
}

type Under = Awaited<ReturnType<typeof underTest>>

/** A store behind a network that a test controls. */
export async function behindProxy(port: number, open: (port: number) => Promise<Under>) {
  const proxy = await startTcpProxy(port)
  const under = await open(proxy.port)
  return {
    ...under,
    proxy,
    async close() {
      // Broken first: a pool waits for what its connections still do.
      await proxy.close()
      await under.close()
    },
  }
}

/** The ways in which a server can be away. */
export function outagesOf(open: () => ReturnType<typeof behindProxy>): readonly StoreOutage[] {
  const way = (title: string, interrupt: (proxy: TcpProxy) => void | Promise<void>): StoreOutage => ({
    name: title,
    withinMs: 2_000,
    async create() {
      const under = await open()
      return { ...under, interrupt: async () => interrupt(under.proxy), mend: () => under.proxy.mend() }
    },
  })
  return [way('hangs', (proxy) => proxy.hang()), way('refuses connections', (proxy) => proxy.refuse())]
}
